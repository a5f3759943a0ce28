/** Evaluation: the loss of a model on a text. */
import type { Backend, SharedTensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { judgeOf, mixtureOf } from '../counts/mixture.js';
import { CharnnError } from '../errors.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { type Judge, SegmentedEvaluator, segmentText } from '../model/segmented-evaluator.js';
import { type Documents, textBeginning } from '../text/documents.js';
import type { Ids } from '../text/unit.js';
import { DynamicEvaluator, dynamicDefaults } from './dynamic-evaluator.js';

export interface Evaluation {
  /** Number of characters predicted: all but the first */
  readonly characters: number;
  /** Number of these characters that the model does not know */
  readonly unknown: number;
  /** Mean loss of a character, each unknown one with `Vocabulary.unknownCost` */
  readonly nats: number;
  readonly bitsPerCharacter: number;
  /** e^nats */
  readonly perplexity: number;
}

export interface EvaluateOptions {
  /**
   * Where the texts of files begin, in characters. A model of documents reads each of them, and each record,
   * from its beginning, as its validations did; with `dynamic` it does not.
   */
  readonly starts?: readonly number[] | undefined;
  /** The model adapts to the text as it reads it: slower, one character after another */
  readonly dynamic?: boolean | undefined;
  /** Scales the weight of the model's counts: 1, where it is absent, as fitted; 0 leaves the network alone */
  readonly countsWeight?: number | undefined;
  /** The model's weights where a device around this one has them already */
  readonly weights?: SharedTensor | undefined;
  /** Called between chunks; where it throws, the evaluation ends. */
  readonly pause?: (() => void | Promise<void>) | undefined;
}

/** Number of steps of a chunk */
const seqLength = 64;

/**
 * Evaluates a text, statefully. The memory that it takes is given back.
 * @param ids the text in the model's vocabulary
 * @throws CharnnError when the text has fewer than two characters
 */
export async function evaluate(
  model: Model,
  device: Scope,
  ids: Ids,
  { dynamic = false, starts = [], countsWeight, weights, pause }: EvaluateOptions = {},
): Promise<Evaluation> {
  const characters = ids.length - 1;
  if (characters < 1) {
    throw new CharnnError('the text is too short to evaluate: it must have at least 2 characters');
  }
  const mixture = mixtureOf(model.counts, countsWeight);
  const judge = mixture && judgeOf(mixture);
  const total = await withScope(device, (backend) =>
    dynamic
      ? dynamicTotal(model, backend, ids, judge, pause)
      : staticTotal(model, backend, ids, judge, { starts, weights, pause }),
  );
  const unknown = model.vocabulary.countUnknown(ids.subarray(1));
  const nats = (total + unknown * model.vocabulary.unknownCost) / characters;
  return {
    characters,
    unknown,
    nats,
    bitsPerCharacter: nats / Math.LN2,
    perplexity: Math.exp(nats),
  };
}

/** Σ of the losses, in nats */
async function dynamicTotal(
  model: Model,
  backend: Backend,
  ids: Ids,
  judge: Judge | undefined,
  pause?: EvaluateOptions['pause'],
): Promise<number> {
  const losses = await new DynamicEvaluator(backend, model, dynamicDefaults, judge).read(
    ids,
    pause,
  );
  return losses.reduce((sum, loss) => sum + loss, 0);
}

/** Σ of the losses, in nats */
async function staticTotal(
  model: Model,
  backend: Backend,
  ids: Ids,
  judge: Judge | undefined,
  { starts = [], weights: loaded, pause }: EvaluateOptions,
): Promise<number> {
  const segments = segmentText(ids.length);
  const documents = documentsOf(model, starts);
  const { count } = segments;
  const isOfDocuments = documents !== undefined;
  const capacity = { maxRows: seqLength * count, maxBatch: count, documents: isOfDocuments };
  const weights = loaded ? backend.attach(loaded) : loadWeights(model, backend);
  const network = networkOf(model.config, backend, weights, capacity);
  const reader = new SegmentedEvaluator(backend, network, 0, count, seqLength, documents);
  const stopped = async () => {
    await pause?.();
    return false;
  };
  const nats = await reader.total(ids, segments, pause && stopped, judge);
  return judge ? reader.judged : nats;
}

/** Where the text's documents begin, for a model that has learnt each document by itself */
function documentsOf(
  { training, separator, vocabulary }: Model,
  starts: readonly number[],
): Documents | undefined {
  if (training?.documents !== true) return undefined;
  return {
    separator: separator === undefined ? [] : Array.from(vocabulary.encode(separator).ids),
    starts,
    beginning: textBeginning(vocabulary),
  };
}
