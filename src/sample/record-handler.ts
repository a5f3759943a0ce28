/**
 * The work of a sampling worker. It draws a batch of records in time slices, between which messages and signals are
 * handled.
 */
import { setImmediate } from 'node:timers/promises';
import type { Backend, SharedTensor } from '../backend/backend.js';
import type { DeviceHandle } from '../backend/device.js';
import { openHandle } from '../backend/open-device.js';
import type { ModelCounts } from '../counts/mixture.js';
import { networkOf } from '../model/load.js';
import type { ModelConfig } from '../model/model-config.js';
import { Predictor } from '../predict/predictor.js';
import type { TextUnit } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import type { Handler } from '../threads/handler.js';
import type { ChunkReply, JobMessage } from '../threads/map-ordered.js';
import { Batch } from './batch.js';
import type { BatchMemory } from './batch-memory.js';
import { constraintFor, type SampleSettings } from './settings.js';
import { Slices } from './slices.js';

/** The settings of a worker, which it receives at its start by `postMessage`. */
export interface SamplePlan {
  readonly device: DeviceHandle;
  readonly config: ModelConfig;
  /** All parameters of the network as one list of numbers */
  readonly weights: SharedTensor;
  /** N-gram counts to be mixed into the network's predictions, in shared memory */
  readonly counts: ModelCounts | undefined;
  /** The state with which every record begins, [1, H] for each layer and state */
  readonly state: readonly (readonly SharedTensor[])[];
  readonly firstId: number;
  /**
   * The last characters before `firstId`, the first id that a record reads; for the n-gram counts they are its context.
   */
  readonly history: readonly number[];
  readonly settings: SampleSettings;
  readonly unit: TextUnit;
  readonly symbols: readonly number[];
  readonly rows: number;
}

/** The part of the settings that the memory of a batch depends on */
export type BatchPlan = Pick<SamplePlan, 'config' | 'weights' | 'counts' | 'settings' | 'rows'>;

/** A record to draw, given by the ids of the record's own prompt */
export type SampleJob = ArrayLike<number>;
type Message = JobMessage<SampleJob>;
type Reply = ChunkReply<readonly number[]>;

/** Max number of replies that the reader has not taken yet */
const unread = 2;

/** Allocates the memory in which a worker samples its batch of records. */
export function batchMemory(
  backend: Backend,
  { config, weights, counts, settings: { countsWeight }, rows }: BatchPlan,
): BatchMemory {
  const capacity = { maxRows: rows, maxBatch: rows };
  const network = networkOf(config, backend, backend.attach(weights), capacity);
  const predictor = new Predictor(backend, network, rows, counts, countsWeight);
  return { predictor, place: predictor.createPlace(rows), rows };
}

/**
 * The constraint on all records; undefined if there is none, because then the worker needs no vocabulary of the model's
 * symbols.
 */
function constraintOf({ settings, unit, symbols }: SamplePlan) {
  if (settings.allow === undefined && settings.match === undefined) return undefined;
  return constraintFor(settings, Vocabulary.of(unit, symbols));
}

/**
 * @param lent memory to compute in, if the work is done in the calling thread; otherwise the worker allocates its own
 */
export async function createRecordHandler(
  plan: SamplePlan,
  reply: (reply: Reply) => void,
  isEnding: () => boolean,
  lent?: BatchMemory,
): Promise<Handler<Message>> {
  const { operations: backend } = await openHandle(plan.device);
  const memory = lent ?? batchMemory(backend, plan);
  const state = plan.state.map((layer) => layer.map((s) => backend.attach(s)));
  const beginning = { place: memory.predictor.placeAt(state, plan.history), id: plan.firstId };
  const rules = {
    settings: plan.settings,
    symbols: plan.symbols.length,
    constraint: constraintOf(plan),
  };
  const batch = new Batch(memory, beginning, rules);
  const slices = new Slices(batch);
  let running = false;
  let credit = unread;

  const run = async () => {
    running = true;
    try {
      while (credit > 0 && batch.busy) {
        await setImmediate();
        if (isEnding()) return;
        await slices.run();
        const pieces = batch.takePieces();
        if (pieces.length === 0) continue;
        credit--;
        reply(pieces);
      }
    } finally {
      running = false;
    }
  };
  return async (message) => {
    if ('taken' in message) credit++;
    else batch.add(message.index, message.job);
    if (!running) await run();
  };
}
