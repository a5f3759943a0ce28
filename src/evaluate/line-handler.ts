/** The work of a scoring worker: the losses of a job's lines under each of the models. */
import type { Backend, SharedTensor, Tensor } from '../backend/backend.js';
import type { DeviceHandle } from '../backend/device.js';
import { openHandle } from '../backend/open-device.js';
import { judgeOf, type ModelCounts, mixtureOf } from '../counts/mixture.js';
import { networkOf } from '../model/load.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Judge } from '../model/segmented-evaluator.js';
import type { Given } from '../text/conditions.js';
import { encodeBytes, withoutCr } from '../text/encode.js';
import { newIds } from '../text/ids.js';
import type { Ids, TextOptions } from '../text/unit.js';
import { type UnknownSymbol, Vocabulary } from '../text/vocabulary.js';
import type { Handler } from '../threads/handler.js';
import type { ChunkReply, JobMessage } from '../threads/map-ordered.js';
import { DynamicEvaluator, dynamicDefaults } from './dynamic-evaluator.js';
import { addUnknownCost, type LineLoss, LineScorer, lineRows, lineSteps } from './line-scorer.js';

/** What a thread that scores lines is told at its start, by `postMessage` */
export interface LinePlan {
  readonly device: DeviceHandle;
  readonly models: readonly {
    readonly config: ModelConfig;
    readonly symbols: readonly number[];
    readonly text: TextOptions;
    readonly weights: SharedTensor;
    /** The n-gram counts of the model, which are in shared memory */
    readonly counts: ModelCounts | undefined;
  }[];
  /** Scales the weight of the counts */
  readonly countsWeight: number;
  /** Whether the lines are one text, to which the models adapt */
  readonly dynamic: boolean;
  /** Whether the loss of each character is wanted */
  readonly characters: boolean;
}

/** The bytes of the lines, one after the other, and where each ends */
export interface LineJob {
  readonly bytes: Uint8Array;
  readonly ends: Int32Array;
  /** Labels and vectors of each line, if there are any */
  readonly given?: readonly Given[] | undefined;
}

/** Losses by model, then by line */
export type LineResult = readonly (readonly LineLoss[])[];

const lf = 0x0a;

export async function createLineHandler(
  plan: LinePlan,
  reply: (reply: ChunkReply<LineResult>) => void,
): Promise<Handler<JobMessage<LineJob>>> {
  const { operations: backend } = await openHandle(plan.device);
  const readers = plan.models.map(async ({ config, symbols, text, weights, counts }) => {
    const vocabulary = Vocabulary.of(text.unit, symbols);
    const mixture = mixtureOf(counts, plan.countsWeight);
    const judge = mixture && judgeOf(mixture);
    const read = await lossesOf(backend, config, backend.attach(weights), plan, vocabulary, judge);
    return (job: readonly Uint8Array[]): Promise<LineLoss[]> =>
      read(job.map((line) => surrounded(line, vocabulary, text)));
  });
  const ready = await Promise.all(readers);
  return async (message) => {
    if ('taken' in message) return;
    const { bytes, ends } = message.job;
    const lines = Array.from(ends, (end, i) => bytes.subarray(i > 0 ? ends[i - 1] : 0, end));
    const value: LineLoss[][] = [];
    for (const read of ready) value.push(await read(lines));
    reply([{ index: message.index, value, done: true }]);
  };
}

async function lossesOf(
  backend: Backend,
  config: ModelConfig,
  weights: Tensor,
  { dynamic, characters }: LinePlan,
  unknown: UnknownSymbol,
  judge: Judge | undefined,
): Promise<(lines: readonly Ids[]) => Promise<LineLoss[]>> {
  if (dynamic) {
    const values = Float32Array.from(await backend.read(weights));
    const scorer = new DynamicEvaluator(
      backend,
      { config, weights: values },
      dynamicDefaults,
      judge,
    );
    return async (lines) => {
      const results: LineLoss[] = [];
      for (const line of lines) {
        const all = await scorer.read(line);
        const nats = all.reduce((sum, loss) => sum + loss, 0);
        const losses = characters ? all : undefined;
        const result = { nats, characters: all.length, unknown: 0, losses };
        addUnknownCost(line, result, unknown);
        results.push(result);
      }
      return results;
    };
  }
  const maxRows = lineRows * lineSteps;
  const network = networkOf(config, backend, weights, { maxRows, maxBatch: lineRows });
  const scorer = new LineScorer(backend, network, characters, unknown, judge);
  return (lines) => scorer.score(lines);
}

/**
 * A line's ids, with a line end before and after: the first line end is only read, the second is predicted too. If the
 * model does not know line ends, only the id 0, with which it begins every text, is put before the line.
 */
function surrounded(line: Uint8Array, vocabulary: Vocabulary, text: TextOptions): Ids {
  const { ids } = encodeBytes(withoutCr(line, text), vocabulary, text);
  const newline = vocabulary.id(lf);
  const known = newline !== vocabulary.unknownId;
  const whole = newIds(vocabulary.size, ids.length + (known ? 2 : 1));
  whole[0] = known ? newline : 0;
  whole.set(ids, 1);
  if (known) whole[whole.length - 1] = newline;
  return whole;
}
