import * as rows from '../../cli/rows.js';
import { UsageError } from '../../errors.js';
import { quote } from '../../messages/quote.js';

/**
 * The path of the model, for commands that also accept it as an argument: `charnn sample good.json`.
 * @throws UsageError when argument and option name different files
 */
export function modelPath([argument]: readonly string[], option: string | undefined): string {
  if (argument !== undefined && option !== undefined && argument !== option) {
    throw new UsageError(
      `two models are given, ${quote(argument)} and --model ${quote(option)}: give one of them`,
    );
  }
  return argument ?? option ?? rows.model.default;
}
