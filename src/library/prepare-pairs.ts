/** Prepares a new training run on pairs: decides sizes and configuration. */
import { grouped } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { type PairTable, pairCount } from '../model/pairs/pair-table.js';
import { vectorCount } from '../text/conditions.js';
import type { PreparedTraining } from '../train/job.js';
import { trainingSpeed } from '../train/length/benchmark.js';
import {
  type PairPreset,
  pairPreset,
  pairReference,
  pairSteps,
} from '../train/length/pair-preset.js';
import { choosePrecision } from '../train/precision.js';
import { resolveTraining, trainLength } from '../train/resolve.js';
import { type CommandTrainOptions, schema } from '../train/schema/schema.js';
import { trainingRows } from '../train/schema/training-rows.js';
import { optimizers } from '../train/update/optimizers.js';
import { withConditions } from './given-beside.js';
import type { LoadedText } from './loaded-text.js';
import type { Messages } from './messages.js';
import { optimizerOf } from './optimizer-options.js';
import { pairedText } from './paired-text.js';
import { type ProcessCounts, threadsHere, threadsOfAll } from './process-counts.js';
import { sourceOf } from './recorded-source.js';
import type { ValidationSource } from './training-text.js';

/** @param initFrom a model to start from */
export async function preparePairs(
  loaded: LoadedText,
  validating: ValidationSource,
  options: CommandTrainOptions,
  initFrom: Model | undefined,
  messages: Messages,
  processes: ProcessCounts,
): Promise<PreparedTraining> {
  const seed = options.seed ?? trainingRows.seed.default;
  const corpus = await pairedText(loaded, validating, seed, undefined, messages);
  const { train } = corpus.pairs;
  const asked = trainLength(options);
  const speed =
    asked?.kind === 'seconds'
      ? await speedOf(options, corpus.vocabulary.size, processes)
      : undefined;
  const inputs = { pairs: pairCount(train), layerSteps: layerSteps(train), length: asked, speed };
  const preset = pairPreset(inputs);
  const isShaped = options.hidden !== undefined || initFrom !== undefined;
  // the length of the training depends on the hidden size that was picked
  const length = isShaped && asked !== undefined ? asked : preset.length;
  const { batchSize, model: size } = { ...preset, ...(initFrom && { model: initFrom.config }) };
  const { optimizer = schema.optimizer.default } = options;
  const { decoupled: isDecoupled, defaults } = optimizers[optimizer];
  const { learningRate = preset.rateFactor * defaults.learningRate } = options;
  const { weightDecay = isDecoupled ? preset.weightDecay : undefined } = options;
  notePicked(options, { ...preset, weightDecay, learningRate }, initFrom, length, messages);
  const fitted = { batchSize: options.batchSize ?? batchSize, seqLength: pairSteps };
  const each = options.threads ?? threadsHere(processes);
  const threads = threadsOfAll(each, fitted.batchSize, processes);
  const resolved = resolveTraining(
    {
      ...{ ...options, ...fitted, threads, learningRate },
      ...(weightDecay !== undefined && { weightDecay }),
    },
    { ...preset, model: size, ...fitted, threads, length },
  );
  return {
    ...{ corpus, ...resolved, model: withConditions(resolved.model, loaded.given) },
    source: sourceOf(loaded, validating),
    ...(initFrom && { initFrom }),
  };
}

/** Reports what was picked: hidden size, dropout, and an unusual learning rate or weight decay. */
function notePicked(
  options: CommandTrainOptions,
  preset: PairPreset & { readonly learningRate: number },
  initFrom: Model | undefined,
  length: PairPreset['length'],
  messages: Messages,
): void {
  const { model, epochs, dropout, rateFactor, learningRate, weightDecay } = preset;
  const isSized = options.hidden === undefined && initFrom === undefined;
  const isDecayed = options.weightDecay === undefined && weightDecay !== undefined;
  const choices = [
    ...(isSized ? [`hidden size ${model.hidden}`] : []),
    ...(options.dropout === undefined ? [`dropout ${dropout}`] : []),
    ...(options.learningRate === undefined && rateFactor !== 1
      ? [`learning rate ${learningRate}`]
      : []),
    ...(isDecayed ? [`weight decay ${weightDecay}`] : []),
  ];
  if (choices.length === 0) return;
  const isTold = options.hidden === undefined && epochs !== undefined && length.kind !== 'steps';
  const times =
    epochs !== undefined && epochs < 10 ? epochs.toFixed(1) : grouped(Math.round(epochs ?? 0));
  const read = isTold ? `: the pairs will be read about ${times} times` : '';
  messages.note(
    `chose ${new Intl.ListFormat('en').format(choices)} from the number and the lengths of the pairs${read}`,
  );
}

/**
 * Number of steps of single layers in one pass over the pairs: both directions of the encoder read each source, and the
 * decoder writes each target
 */
function layerSteps({ lengths, lines, given }: PairTable): number {
  let sum = 0;
  for (let pair = 0; pair < lines.length; pair++) {
    const source = lengths[2 * pair] + vectorCount(given, lines[pair]);
    sum += 2 * source + lengths[2 * pair + 1] + 1;
  }
  return sum;
}

/** Number of layers of the network with which the speed is measured: as many as in an encoder and a decoder */
const measuredLayers = 3;

/** Number of steps of single layers that training computes in a second, in all processes together */
async function speedOf(
  options: CommandTrainOptions,
  vocabulary: number,
  processes: ProcessCounts,
): Promise<number> {
  const { cell = schema.cell.default, backend = 'auto' } = options;
  const threads = options.threads ?? threadsHere(processes);
  const size = { layers: measuredLayers, hidden: pairReference, embedding: 64, vocabulary };
  const characters = await trainingSpeed({
    ...{ ...size, cell },
    ...{ batchSize: 64, seqLength: 16, backend, iterations: 10 },
    precision: choosePrecision(options.precision, { ...size, backend }),
    training: optimizerOf(options),
    threads,
  });
  return characters * measuredLayers * processes.total;
}
