/** The error of a training run that diverged. */
import { type CharnnError, DivergenceError, optionName } from '../errors.js';
import { quote } from '../messages/quote.js';
import { overflowError } from '../model/overflow.js';
import type { EndEvent } from '../train/events.js';
import type { PreparedTraining } from '../train/job.js';

/**
 * @param modelPath where the best model was saved, if anywhere
 * @param prepared the training, which may have started from a given model
 */
export function divergence(
  { step, best }: Pick<EndEvent, 'step' | 'best'>,
  modelPath: string | undefined,
  { initFrom }: Pick<PreparedTraining, 'initFrom'>,
): CharnnError {
  // before the first step nothing was learned, so the fault is in the weights of the model to start from
  if (initFrom !== undefined && step === 0 && best === undefined) {
    return overflowError('the model to start from');
  }
  const kept =
    best === undefined || modelPath === undefined
      ? 'no model was saved'
      : `the last good model is in ${quote(modelPath)}`;
  return new DivergenceError(
    `training diverged after step ${step}: the loss is far above its best, or not a number; ${kept}; try a lower ${optionName('learningRate')}, a lower ${optionName('clip')}, or ${optionName('onDivergence', 'rollback')}`,
  );
}
