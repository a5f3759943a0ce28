/** Samples records from a model on several threads, and yields them in order. */

import { setImmediate } from 'node:timers/promises';
import type { Backend, SharedTensor, Tensor } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import type { IdleMemory, LentMemory } from '../backend/idle-memory.js';
import { sharedCounts } from '../counts/mixture.js';
import { usefulThreads } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { StoredModel } from '../model/model-data.js';
import { networkBytes } from '../model/network-bytes.js';
import { type Chunk, mapOrdered, type OtherWorkers } from '../threads/map-ordered.js';
import { Batch, type Beginning } from './batch.js';
import type { BatchMemory } from './batch-memory.js';
import { needsLeadIn } from './lead-in.js';
import { readPrompt } from './read-prompt.js';
import {
  type BatchPlan,
  batchMemory,
  createRecordHandler,
  type SampleJob,
  type SamplePlan,
} from './record-handler.js';
import { constraintFor, type SampleSettings } from './settings.js';
import { Slices } from './slices.js';

export interface Generation {
  readonly model: StoredModel;
  /** The device that computes; memory that is allocated on it is released at the end. */
  readonly device: Scope;
  /** The model's weights, if the device holds them already */
  readonly weights?: SharedTensor | undefined;
  readonly settings: SampleSettings;
  /** Memory left by earlier calls with the same weights, for work in the calling thread */
  readonly idle?: IdleMemory<BatchMemory> | undefined;
  /** Ids of the common prompt, which every record continues */
  readonly prompt: ArrayLike<number>;
  /** Number of records, if it is known in advance; few records need fewer threads */
  readonly expected?: number | undefined;
  /** Number of threads; no more than are useful are started, and the records do not depend on it. */
  readonly threads: number;
  /** Called when the system allows fewer threads than requested */
  readonly onFewer?: ((threads: number, reason: string) => void) | undefined;
  /** Workers in other processes, if there are any */
  readonly others?: OtherWorkers<SamplePlan, SampleJob, readonly number[]> | undefined;
}

/** Max rows of a batch; with more rows, the time of a step per row no longer falls. */
const maxRows = 32;
/** Max characters held for records whose turn has not come; they take a quarter of a GiB */
const maxHeldCharacters = 2 ** 25;

/**
 * Samples a record for each job, whose own prompt follows the common one.
 * @returns pieces of the records, as ids, as they are drawn
 */
export function generate(
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  generation: Generation,
): AsyncGenerator<Chunk<readonly number[]>, void, void> {
  const threads = usefulThreads(generation.threads);
  const processes = 1 + (generation.others?.processes ?? 0);
  const { expected = maxRows * threads * processes, settings } = generation;
  const together = Math.max(1, Math.min(expected, heldRecords(settings)));
  const workers = Math.min(threads, together);
  const rows = Math.min(maxRows, Math.ceil(together / (workers * processes)));
  return together === 1
    ? drawInTurn(jobs, generation)
    : drawTogether(jobs, generation, workers, rows);
}

/**
 * Samples one record after the other in the calling thread. It sends no messages between workers, because these would
 * leave several times the garbage of a short record.
 */
async function* drawInTurn(
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  generation: Generation,
): AsyncGenerator<Chunk<readonly number[]>, void, void> {
  const { model, device, idle } = generation;
  const scope = device.scope();
  let lent: LentMemory<BatchMemory> | undefined;
  try {
    const { operations: backend } = scope;
    const { weights, beginning, settings, isLed } = begin(generation, backend);
    const plan = batchPlan(generation, weights, settings, 1);
    lent = idle?.lend(device, kindOf(plan), (own) => batchMemory(own, plan));
    const rules = {
      settings,
      symbols: model.vocabulary.symbols.length,
      constraint: constraintFor(settings, model.vocabulary),
    };
    const batch = new Batch(lent?.memory ?? batchMemory(backend, plan), beginning, rules);
    const slices = new Slices(batch);
    let index = 0;
    for await (const job of isLed ? afterPrompt(generation.prompt, jobs) : jobs) {
      batch.add(index++, job);
      while (batch.busy) {
        // this pause lets signals be handled
        await setImmediate();
        await slices.run();
        for (const piece of batch.takePieces()) yield piece;
      }
    }
  } finally {
    lent?.giveBack();
    scope.release();
  }
}

/** Samples records in parallel, on one or several workers. */
async function* drawTogether(
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  generation: Generation,
  workers: number,
  rows: number,
): AsyncGenerator<Chunk<readonly number[]>, void, void> {
  const { model, device, idle, prompt, onFewer = () => {}, others } = generation;
  const scope = device.scope();
  let lent: LentMemory<BatchMemory> | undefined;
  try {
    const { operations: backend, handle } = scope;
    const { weights, beginning, settings, isLed } = begin(generation, backend);
    const { place, id } = beginning;
    const plan: SamplePlan = {
      ...batchPlan(generation, weights, settings, rows),
      device: handle,
      state: place.state.map((layer) => layer.map((s) => sharedFloats(backend, s))),
      history: place.histories?.[0].latest ?? [],
      firstId: id,
      unit: model.vocabulary.unit,
      symbols: model.vocabulary.symbols,
    };
    if (workers === 1) lent = idle?.lend(device, kindOf(plan), (own) => batchMemory(own, plan));
    yield* mapOrdered(isLed ? afterPrompt(prompt, jobs) : jobs, {
      workers,
      module: new URL('../bundle/record-worker.js', import.meta.url),
      createHandler: (data, reply, isEnding) =>
        createRecordHandler(data, reply, isEnding, lent?.memory),
      data: plan,
      bytesPerWorker: networkBytes(model.config, rows, rows),
      jobsPerWorker: 2 * rows,
      onFewer,
      others,
    });
  } finally {
    // the workers have ended by now, so nothing uses the lent memory or that of the scope any more
    lent?.giveBack();
    scope.release();
  }
}

/** Shares a copy of a tensor, because it may be compact, and only tensors of floats are shared. */
function sharedFloats(backend: Backend, x: Tensor): SharedTensor {
  const floats = backend.tensor(x.shape);
  backend.copy(floats, x);
  return backend.share(floats);
}

/**
 * Reads the common prompt, unless each record follows an unprinted record of its own, so that the prompt cannot be read
 * once for all.
 */
function begin(
  { model, settings, prompt, weights: loaded }: Generation,
  backend: Backend,
): {
  readonly weights: SharedTensor;
  readonly beginning: Beginning;
  readonly settings: SampleSettings;
  readonly isLed: boolean;
} {
  const weights = loaded ? backend.attach(loaded) : loadWeights(model, backend);
  const isLed = needsLeadIn(settings, prompt);
  const beginning = readPrompt(model, backend, weights, isLed ? [] : prompt, settings.countsWeight);
  return {
    weights: loaded ?? backend.share(weights),
    beginning,
    settings: isLed ? settings : { ...settings, separators: undefined },
    isLed,
  };
}

function batchPlan(
  { model }: Generation,
  weights: SharedTensor,
  settings: SampleSettings,
  rows: number,
): BatchPlan {
  const counts = sharedCounts(model.counts, settings.countsWeight);
  return { config: model.config, weights, counts, settings, rows };
}

/** A string that identifies what the memory of a batch depends on, besides the model */
function kindOf({ rows, settings: { countsWeight = 1 } }: BatchPlan): string {
  return `${rows} rows, counts by ${countsWeight}`;
}

async function* afterPrompt(
  prompt: ArrayLike<number>,
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
): AsyncGenerator<SampleJob, void, void> {
  const common = Array.from(prompt);
  for await (const job of jobs) yield common.length === 0 ? job : [...common, ...Array.from(job)];
}

function heldRecords({ length }: SampleSettings): number {
  return Math.floor(maxHeldCharacters / Math.max(1, length));
}
