/** Records from a model, on all the threads that are given, in their order. */
import type { Scope } from '../backend/device.js';
import { loadWeights } from '../model/load.js';
import type { Model } from '../model/model.js';
import { inOrder, type Piece } from '../threads/in-order.js';
import { perform, type SampleJob, type SamplePlan } from './lane.js';
import { needsLeadIn } from './lead-in.js';
import { readPrompt } from './prompt.js';
import type { SampleSettings } from './settings.js';

export interface Generation {
  readonly model: Model;
  /** What computes; the memory that is taken is given back at the end. */
  readonly device: Scope;
  readonly settings: SampleSettings;
  /** Ids that every record goes on from */
  readonly prompt: ArrayLike<number>;
  /** How many records are expected, if that is known: fewer need fewer threads */
  readonly expected?: number | undefined;
  readonly threads: number;
}

/** Rows of a batch: more make a step no faster for each. */
const mostRows = 32;
/** Characters that may be held for records that are not next: a quarter of a GiB as numbers */
const mostHeld = 2 ** 25;

/**
 * Draws a record for each job, whose own prompt follows the common one.
 * @returns pieces of the records, as ids, as they are drawn
 */
export async function* generate(
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  { model, device, settings, prompt, expected, threads }: Generation,
): AsyncGenerator<Piece<readonly number[]>, void, void> {
  const scope = device.scope();
  try {
    yield* drawn(jobs, model, scope, settings, prompt, expected, threads);
  } finally {
    // the threads have ended by now
    scope.release();
  }
}

async function* drawn(
  jobs: AsyncIterable<SampleJob> | Iterable<SampleJob>,
  model: Model,
  scope: Scope,
  settings: SampleSettings,
  prompt: ArrayLike<number>,
  expected: number | undefined,
  threads: number,
): AsyncGenerator<Piece<readonly number[]>, void, void> {
  const { operations: backend } = scope;
  const weights = loadWeights(model, backend);
  // what follows an unprinted record of each record's own cannot be read once for all
  const isLed = needsLeadIn(settings, prompt);
  const { state, id } = readPrompt(model, backend, weights, isLed ? [] : prompt);
  const together = Math.max(1, Math.min(expected ?? mostRows * threads, heldRecords(settings)));
  const lanes = Math.min(threads, together);
  const rows = Math.min(mostRows, Math.ceil(together / lanes));
  const plan: SamplePlan = {
    device: scope.handle,
    config: model.config,
    weights: backend.share(weights),
    state: state.map((layer) => layer.map((s) => backend.share(s))),
    firstId: id,
    settings: isLed ? settings : { ...settings, separators: undefined },
    unit: model.vocabulary.unit,
    symbols: model.vocabulary.symbols,
    rows,
  };
  const module = new URL('./lane.js', import.meta.url);
  yield* inOrder(isLed ? afterPrompt(prompt, jobs) : jobs, {
    lanes,
    module,
    perform,
    data: plan,
    jobsPerLane: 2 * rows,
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
  return Math.floor(mostHeld / Math.max(1, length));
}
