/** A worker of sampling: a batch that runs in slices of time, between which messages and signals come in. */
import { setImmediate } from 'node:timers/promises';
import { type Backend, isPending, type SharedTensor } from '../backend/backend.js';
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

/** The settings of a worker, given at its start; they pass through `postMessage`. */
export interface SamplePlan {
  readonly device: DeviceHandle;
  readonly config: ModelConfig;
  /** The parameters as a flat list */
  readonly weights: SharedTensor;
  /** Mixed into the network's predictions, on shared memory */
  readonly counts: ModelCounts | undefined;
  /** State with which every record begins, [1, H] a layer and state, and what it reads next */
  readonly state: readonly (readonly SharedTensor[])[];
  readonly firstId: number;
  /** The latest characters before that */
  readonly history: readonly number[];
  readonly settings: SampleSettings;
  readonly unit: TextUnit;
  readonly symbols: readonly number[];
  readonly rows: number;
}

/** A record to draw: the ids of its own prompt */
export type SampleJob = ArrayLike<number>;
type Message = JobMessage<SampleJob>;
type Reply = ChunkReply<readonly number[]>;

/** The first characters are shown at once; then they are handed on as often as an eye can tell. */
const firstSliceMs = 5;
const sliceMs = 30;
/** The clock is read about so often: of a small model's step, a reading would take a tenth. */
const lookMs = 0.5;
/** Replies that may be under way to a reader who has not come back for them */
const unread = 2;

/** What a batch of the plan's rows computes in, made of the memory of `backend` */
export function batchMemory(
  backend: Backend,
  {
    config,
    weights,
    counts,
    settings: { countsWeight },
    rows,
  }: Pick<SamplePlan, 'config' | 'weights' | 'counts' | 'settings' | 'rows'>,
): BatchMemory {
  const capacity = { maxRows: rows, maxBatch: rows };
  const network = networkOf(config, backend, backend.attach(weights), capacity);
  const predictor = new Predictor(backend, network, rows, counts, countsWeight);
  return { predictor, place: predictor.createPlace(rows), rows };
}

/** @param lent what to compute in, in the calling thread; else memory of its own is made */
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
    constraint: constraintFor(plan.settings, Vocabulary.of(plan.unit, plan.symbols)),
  };
  const batch = new Batch(memory, beginning, rules);
  let running = false;
  let slice = firstSliceMs;
  let stepsPerLook = 1;
  let credit = unread;

  const run = async () => {
    running = true;
    try {
      while (credit > 0 && batch.busy) {
        await setImmediate();
        if (isEnding()) return;
        let now = performance.now();
        const end = now + slice;
        do {
          for (let i = 0; i < stepsPerLook && batch.busy; i++) {
            const step = batch.step();
            if (isPending(step)) await step;
          }
          const before = now;
          now = performance.now();
          const isShort = now - before < lookMs;
          stepsPerLook = isShort ? 2 * stepsPerLook : Math.max(1, stepsPerLook >> 1);
        } while (batch.busy && now < end);
        slice = sliceMs;
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
