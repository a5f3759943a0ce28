/** Evaluation: the loss of a model on a text. */
import type { Backend, SharedTensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { CharnnError } from '../errors.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { SegmentedEvaluator, segmentText } from '../model/segmented-evaluator.js';
import type { Ids } from '../text/unit.js';
import { DynamicEvaluator } from './dynamic-evaluator.js';

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
  /** Whether the model adapts to the text while it reads: slower, one character after another */
  readonly dynamic?: boolean | undefined;
  /** The model's weights, if the device holds them already */
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
  { dynamic = false, weights, pause }: EvaluateOptions = {},
): Promise<Evaluation> {
  const characters = ids.length - 1;
  if (characters < 1) {
    throw new CharnnError('the text is too short to evaluate: it must have at least 2 characters');
  }
  const total = await withScope(device, (backend) =>
    dynamic
      ? dynamicTotal(model, backend, ids, pause)
      : staticTotal(model, backend, ids, weights, pause),
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
  pause?: EvaluateOptions['pause'],
): Promise<number> {
  const losses = await new DynamicEvaluator(backend, model).read(ids, pause);
  return losses.reduce((sum, loss) => sum + loss, 0);
}

/** Σ of the losses, in nats */
async function staticTotal(
  model: Model,
  backend: Backend,
  ids: Ids,
  loaded: SharedTensor | undefined,
  pause?: EvaluateOptions['pause'],
): Promise<number> {
  const segments = segmentText(ids.length);
  const capacity = { maxRows: seqLength * segments.count, maxBatch: segments.count };
  const weights = loaded ? backend.attach(loaded) : loadWeights(model, backend);
  const network = networkOf(model.config, backend, weights, capacity);
  return new SegmentedEvaluator(backend, network, 0, segments.count, seqLength).total(
    ids,
    segments,
    pause &&
      (async () => {
        await pause();
        return false;
      }),
  );
}
