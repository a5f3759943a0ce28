/** Estimates the memory that a training run takes, so that it can be checked before any of it is allocated. */
import { optionName } from '../errors.js';
import { requireMemory } from '../machine/memory.js';
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { usualLength } from '../model/pairs/pair-batches.js';
import { parameterTable } from '../model/parameters.js';
import { precisionOf } from './precision.js';
import type { TrainConfig } from './train-config.js';
import { momentCount, usesMoment } from './update/optimizers.js';

/** Bytes that a thread takes when it starts */
const threadBytes = 8 * 2 ** 20;

/**
 * @param processes number of processes among which rows and threads are divided
 * @throws CharnnError when there is not enough memory for a process of a training run
 */
export function requireTraining(model: ModelConfig, config: TrainConfig, processes = 1): void {
  requireMemory(
    trainingBytes(model, config, processes),
    'this training',
    `choose a smaller ${optionName('hidden')}, ${optionName('batchSize')} or ${optionName('seqLength')}, or fewer ${optionName('threads')}`,
  );
}

/**
 * Min bytes that a process of a training run needs, besides the text: weights, moments and moving average, a copy of
 * them for the files, gradients and scratch memory of each thread, and activations.
 */
export function trainingBytes(model: ModelConfig, config: TrainConfig, processes = 1): number {
  const { flatSize } = parameterTable(model);
  const { layers: L, hidden: H, vocabulary: V } = model;
  const { seqLength, average } = config;
  const batchSize = Math.ceil(config.batchSize / processes);
  const threads = config.threads / processes;
  const kept = flatSize * (average > 0 ? 2 : 1) + momentsInUse(model, config);
  const { gates } = cellOf(model);
  // a thread needs scratch memory for one packed matrix, or for a matrix of one gate and what Muon computes from it
  const scratch = Math.max(gates, 5) * H * H;
  const numbers = 2 * kept + threads * (flatSize + scratch);
  if (model.pairs) {
    const { keptWidth } = cellOf(model);
    // values are kept for the encoder's layers in both directions, the decoder's layers and attention; sources and
    // targets are taken to have usual lengths
    const perLayer = 3 * keptWidth + (L > 1 ? 8 : 2);
    const perRow = (L * perLayer + 12) * H + V;
    return 4 * (numbers + batchSize * usualLength * perRow) + threads * threadBytes;
  }
  const activations = batchSize * seqLength * (keptOfRow(model, config) * H + V);
  return 4 * (numbers + activations) + threads * threadBytes;
}

/** Number of elements in the lists of moments, without those that the optimiser does not use */
function momentsInUse(model: ModelConfig, { optimizer }: TrainConfig): number {
  const { parameters } = parameterTable(model);
  let count = 0;
  for (let list = 0; list < momentCount(optimizer); list++) {
    for (const parameter of parameters) {
      if (usesMoment(optimizer, list, parameter)) count += parameter.size;
    }
  }
  return count;
}

/** Number of float32 values that are stored for each row of a chunk, in multiples of H; a bfloat16 counts half. */
function keptOfRow(model: ModelConfig, config: TrainConfig): number {
  const { gates, states, keptWidth, halfKeptWidth } = cellOf(model);
  const half = precisionOf(config) === 'bf16';
  const compact = half ? 0.5 : 1;
  const drops = config.dropout > 0;
  const perLayer = [
    (half ? halfKeptWidth : undefined) ?? keptWidth,
    // pre-activations after layer normalisation
    model.layerNorm ? gates * compact : 0,
    // copies of the hidden states in which the rows of streams become zero where a document begins
    config.documents ? states.length : 0,
  ];
  // layers that pass on something other than their output: with dropout all layers, otherwise those with a residual
  // connection, which are all but the first
  const handing = drops ? model.layers : model.residual ? model.layers - 1 : 0;
  // the gradients w.r.t. what a layer passes on, and, with dropout and residual connections, w.r.t. its output as well
  const gradients = drops && model.residual ? 2 : 1;
  const kept = perLayer.reduce((sum, width) => sum + width, 0);
  return model.layers * kept + handing * compact + gradients;
}
