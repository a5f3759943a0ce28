/** Estimates the memory that a training takes, so that it can be checked before any of it is allocated. */
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { usualLength } from '../model/pairs/pair-batches.js';
import { parameterTable } from '../model/parameters.js';
import type { TrainConfig } from './train-config.js';
import { momentCount } from './update/optimizers.js';

/** Bytes that a thread takes when it starts */
const threadBytes = 8 * 2 ** 20;

/**
 * Min bytes that a training needs: weights, moments and moving average, a copy of them for the files, gradients and
 * packed weights of each thread, and activations. The text is in memory already.
 */
export function trainingBytes(model: ModelConfig, config: TrainConfig): number {
  const { flatSize } = parameterTable(model);
  const { layers: L, hidden: H, vocabulary: V } = model;
  const { batchSize, seqLength, threads, average } = config;
  const kept = 1 + momentCount(config.optimizer) + (average > 0 ? 1 : 0);
  if (model.pairs) {
    const { gates, states } = cellOf(model);
    // layers of the encoder in both directions and of the decoder, and attention, at usual lengths of source and target
    const perLayer = 3 * (gates + states.length + 1) + (L > 1 ? 8 : 2);
    const perRow = (L * perLayer + 12) * H + V;
    const pairs = 4 * ((2 * kept + 2 * threads) * flatSize + batchSize * usualLength * perRow);
    return pairs + threads * threadBytes;
  }
  // copies of the rows that become zero where documents begin
  const states = config.documents ? cellOf(model).states.length : 0;
  // outside the cells: what each layer passes to the next, and the logits
  const activations =
    batchSize * seqLength * ((L * (cellOf(model).keptWidth + states) + 1) * H + V);
  return 4 * ((2 * kept + 2 * threads) * flatSize + activations) + threads * threadBytes;
}
