/** Evaluation: the loss of a model on a text. */
import type { Answer, Backend, SharedTensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import type { IdleMemory } from '../backend/idle-memory.js';
import { judgeOf, mixtureOf } from '../counts/mixture.js';
import { CharnnError } from '../errors.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { type Judge, SegmentedEvaluator, segmentText } from '../model/segmented-evaluator.js';
import type { Conditions } from '../text/conditions.js';
import { type Documents, textBeginning } from '../text/documents.js';
import { recordLabels } from '../text/record-labels.js';
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
  /** The labels of the text's records, for a model with labels */
  readonly given?: Conditions | undefined;
  /** The model adapts to the text as it reads it: slower, one character after another */
  readonly dynamic?: boolean | undefined;
  /** Scales the weight of the model's counts: 1, where it is absent, as fitted; 0 leaves the network alone */
  readonly countsWeight?: number | undefined;
  /** The model's weights where a device around this one has them already */
  readonly weights?: SharedTensor | undefined;
  /** Memory that earlier evaluations with the same weights have left */
  readonly idle?: IdleMemory<SegmentedEvaluator> | undefined;
  /** Called between chunks; where it throws, the evaluation ends. */
  readonly pause?: (() => undefined | Promise<void>) | undefined;
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
  { dynamic = false, starts = [], given, countsWeight, weights, idle, pause }: EvaluateOptions = {},
): Promise<Evaluation> {
  const characters = ids.length - 1;
  if (characters < 1) {
    throw new CharnnError('the text is too short to evaluate: it must have at least 2 characters');
  }
  const mixture = mixtureOf(model.counts, countsWeight);
  const judge = mixture && judgeOf(mixture);
  const total = dynamic
    ? await withScope(device, (backend) => dynamicTotal(model, backend, ids, judge, pause))
    : await staticTotal(model, device, ids, judge, {
        ...{ starts, given, weights, idle, pause },
      });
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
  device: Scope,
  ids: Ids,
  judge: Judge | undefined,
  { starts = [], given, weights, idle, pause }: EvaluateOptions,
): Promise<number> {
  const segments = segmentText(ids.length);
  const documents = documentsOf(model, starts, ids, given);
  const run = async (reader: SegmentedEvaluator) => {
    const nats = await reader.total(ids, segments, pause && pauseOf(pause), judge);
    return judge ? reader.judged : nats;
  };
  const make = (backend: Backend) => readerOf(model, backend, segments.count, weights, documents);
  if (idle === undefined || documents !== undefined) {
    return withScope(device, (backend) => run(make(backend)));
  }
  const lent = idle.lend(device, `${segments.count} segments`, make);
  try {
    return await run(lent.memory);
  } finally {
    lent.giveBack();
  }
}

function readerOf(
  model: Model,
  backend: Backend,
  count: number,
  loaded: SharedTensor | undefined,
  documents: Documents | undefined,
): SegmentedEvaluator {
  const isOfDocuments = documents !== undefined;
  const capacity = { maxRows: seqLength * count, maxBatch: count, documents: isOfDocuments };
  const weights = loaded ? backend.attach(loaded) : loadWeights(model, backend);
  const network = networkOf(model.config, backend, weights, capacity);
  return new SegmentedEvaluator(backend, network, 0, count, seqLength, documents);
}

/** A pause as the evaluator asks for it: it never stops the evaluation but by throwing. */
function pauseOf(pause: NonNullable<EvaluateOptions['pause']>): () => Answer<boolean> {
  return () => {
    const answer = pause();
    return answer === undefined ? false : answer.then(() => false);
  };
}

/** Where the text's documents begin, for a model that has learnt each document by itself */
function documentsOf(
  { training, separator, vocabulary }: Model,
  starts: readonly number[],
  ids: Ids,
  given: Conditions | undefined,
): Documents | undefined {
  if (training?.documents !== true) return undefined;
  const newline = vocabulary.id(0x0a);
  return {
    ...(given && { labels: recordLabels(ids, newline, 0, given) }),
    separator: separator === undefined ? [] : Array.from(vocabulary.encode(separator).ids),
    starts,
    beginning: textBeginning(vocabulary),
  };
}
