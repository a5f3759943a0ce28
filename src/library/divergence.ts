/** The error of a training run that diverged. */
import { type CharnnError, DivergenceError, optionName } from '../errors.js';
import { quote } from '../messages/quote.js';
import { overflowError } from '../model/overflow.js';
import type { EndEvent } from '../train/events.js';

/** @param modelPath where the best model was saved, if anywhere */
export function divergence(
  { step, best }: Pick<EndEvent, 'step' | 'best'>,
  modelPath: string | undefined,
): CharnnError {
  // before the first step, only the validation of the given model can have failed
  if (step === 0) return overflowError('the model to start from');
  const kept =
    best === undefined || modelPath === undefined
      ? 'no model was saved'
      : `the last good model is in ${quote(modelPath)}`;
  return new DivergenceError(
    `training diverged after step ${step}: the loss is far above its best, or not a number; ${kept}; try a lower ${optionName('learningRate')}, a lower ${optionName('clip')}, or ${optionName('onDivergence', 'rollback')}`,
  );
}
