import * as rows from '../../cli/rows.js';
import { UsageError } from '../../errors.js';
import { quote } from '../../messages/quote.js';

/**
 * The path of the model, for commands that also accept it as an argument: `charnn sample good.json`.
 * @throws UsageError when argument and option name different files
 */
export function modelPath([argument]: readonly string[], given: string | undefined): string {
  // what is named on the command line counts more than what the environment names
  const isFromEnvironment = given === process.env[rows.model.environment];
  const option = isFromEnvironment && argument !== undefined ? undefined : given;
  if (argument !== undefined && option !== undefined && argument !== option) {
    throw new UsageError(
      `two models are given, ${quote(argument)} and --model ${quote(option)}: give one of them`,
    );
  }
  return argument ?? option ?? rows.model.default;
}
