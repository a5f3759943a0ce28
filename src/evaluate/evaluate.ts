/** Evaluation: the loss of a model on a text. */
import type { Answer, Backend, SharedTensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import type { IdleMemory } from '../backend/idle-memory.js';
import { judgeOf, mixtureOf } from '../counts/mixture.js';
import { CharnnError } from '../errors.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { overflowError } from '../model/overflow.js';
import { type Judge, SegmentedEvaluator, segmentText } from '../model/segmented-evaluator.js';
import type { Conditions } from '../text/conditions.js';
import { type Documents, textBeginning } from '../text/documents.js';
import { recordLabels } from '../text/record-labels.js';
import type { Ids } from '../text/unit.js';
import { DynamicEvaluator, dynamicDefaults } from './dynamic-evaluator.js';

export interface Evaluation {
  /** Number of characters predicted: all except the first */
  readonly characters: number;
  /** Number of predicted characters that the model does not know */
  readonly unknown: number;
  /** Mean loss per character, where each unknown one also costs `Vocabulary.unknownCost` */
  readonly nats: number;
  readonly bitsPerCharacter: number;
  /** e to the power of the mean loss in nats */
  readonly perplexity: number;
}

export interface EvaluateOptions {
  /**
   * Where the texts of files begin, in characters. A model trained on documents reads each file and each record from a
   * zero state, as in its validations; with `dynamic` it does not.
   */
  readonly starts?: readonly number[] | undefined;
  /** The labels of the text's records, for a model with labels */
  readonly given?: Conditions | undefined;
  /**
   * Whether the model adapts to the text while it reads it, which is slower because it reads one character after
   * another
   */
  readonly dynamic?: boolean | undefined;
  /** Scales the weight of the model's counts: 1, the default, as fitted; 0 for the network alone */
  readonly countsWeight?: number | undefined;
  /** The model's weights, if the device holds them already */
  readonly weights?: SharedTensor | undefined;
  /** Memory of earlier evaluations with the same weights, which can be used again */
  readonly idle?: IdleMemory<SegmentedEvaluator> | undefined;
  /** Called between chunks; if it throws, the evaluation ends. */
  readonly pause?: (() => undefined | Promise<void>) | undefined;
}

/** Number of steps in a chunk */
const seqLength = 64;

/**
 * Evaluates a text, carrying the state from beginning to end, and releases the memory that this takes.
 * @param ids the text in the model's vocabulary
 * @throws CharnnError when the text has fewer than two characters, or the model's weights overflow
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
  if (Number.isNaN(total)) throw overflowError();
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

/** Sum of the losses of all predicted characters, in nats, of a model that adapts to the text while it reads it */
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

/** Sum of the losses of all predicted characters, in nats, of a model that does not adapt to the text */
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

/** Calls `pause` whenever the evaluator asks whether to stop; the answer is always no, but `pause` may throw. */
function pauseOf(pause: NonNullable<EvaluateOptions['pause']>): () => Answer<boolean> {
  return () => {
    const answer = pause();
    return answer === undefined ? false : answer.then(() => false);
  };
}

/** Where the text's documents begin, for a model that has learned each document separately */
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
