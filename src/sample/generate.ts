/** Records from a model, on all the threads that are given, in their order. */

import type { SharedTensor } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import { sharedCounts } from '../counts/mixture.js';
import { usefulThreads } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { networkBytes } from '../model/network-bytes.js';
import { type Chunk, mapOrdered } from '../threads/map-ordered.js';
import type { IdleMemory, LentMemory } from './batch-memory.js';
import { needsLeadIn } from './lead-in.js';
import { readPrompt } from './read-prompt.js';
import {
  batchMemory,
  createRecordHandler,
  type SampleJob,
  type SamplePlan,
} from './record-handler.js';
import type { SampleSettings } from './settings.js';

export interface Generation {
  readonly model: Model;
  /** The device that computes; the memory that is taken from it is given back at the end. */
  readonly device: Scope;
  /** The model's weights, if the device holds them already */
  readonly weights?: SharedTensor | undefined;
  readonly settings: SampleSettings;
  /** Memory that earlier calls with the same weights have left, for work in the calling thread */
  readonly idle?: IdleMemory | undefined;
  /** Ids that every record goes on from */
  readonly prompt: ArrayLike<number>;
  /** How many records are expected, if that is known: fewer need fewer threads */
  readonly expected?: number | undefined;
  /** Number of threads; more than are useful are not started, and the records do not depend on it. */
  readonly threads: number;
  /** Called when the system allows fewer threads than that */
  readonly onFewer?: ((threads: number, reason: string) => void) | undefined;
}

/** Max rows of a batch: more rows do not make a step any faster for each row. */
const maxRows = 32;
/** Max characters held for records whose turn has not come: a quarter of a GiB as numbers */
const maxHeldCharacters = 2 ** 25;

/**
 * Draws a record for each job, whose own prompt follows the common one.
 * @returns pieces of the records, as ids, as they are drawn
 */
export async function* generate(
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  generation: Generation,
): AsyncGenerator<Chunk<readonly number[]>, void, void> {
  const scope = generation.device.scope();
  const lent: { memory?: LentMemory } = {};
  try {
    yield* drawIn(scope, jobs, generation, lent);
  } finally {
    // the threads have ended by now
    lent.memory?.giveBack();
    scope.release();
  }
}

async function* drawIn(
  { operations: backend, handle }: Scope,
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  { model, settings, prompt, expected, weights: loaded, ...options }: Generation,
  lent: { memory?: LentMemory },
): AsyncGenerator<Chunk<readonly number[]>, void, void> {
  const threads = usefulThreads(options.threads);
  const weights = loaded ? backend.attach(loaded) : loadWeights(model, backend);
  // what follows an unprinted record of each record's own cannot be read once for all
  const isLed = needsLeadIn(settings, prompt);
  const { countsWeight = 1 } = settings;
  const { place, id } = readPrompt(model, backend, weights, isLed ? [] : prompt, countsWeight);
  const together = Math.max(1, Math.min(expected ?? maxRows * threads, heldRecords(settings)));
  const workers = Math.min(threads, together);
  const rows = Math.min(maxRows, Math.ceil(together / workers));
  const plan: SamplePlan = {
    device: handle,
    config: model.config,
    weights: loaded ?? backend.share(weights),
    counts: sharedCounts(model.counts, countsWeight),
    state: place.state.map((layer) => layer.map((s) => backend.share(s))),
    history: place.histories?.[0].latest ?? [],
    firstId: id,
    settings: isLed ? settings : { ...settings, separators: undefined },
    unit: model.vocabulary.unit,
    symbols: model.vocabulary.symbols,
    rows,
  };
  if (options.idle && workers === 1) {
    const kind = `${rows} rows, counts by ${countsWeight}`;
    lent.memory = options.idle.lend(options.device, kind, (own) => batchMemory(own, plan));
  }
  yield* mapOrdered(isLed ? afterPrompt(prompt, jobs) : jobs, {
    workers,
    module: new URL('./record-worker.js', import.meta.url),
    createHandler: (data, reply, isEnding) =>
      createRecordHandler(data, reply, isEnding, lent.memory?.memory),
    data: plan,
    bytesPerWorker: networkBytes(model.config, rows, rows),
    jobsPerWorker: 2 * rows,
    onFewer: options.onFewer ?? (() => {}),
  });
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
