/**
 * Scores lines under one or more models, in order: each from a fresh state on all threads, or all as one text to which
 * the models adapt.
 */

import type { SharedTensor } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import { sharedCounts } from '../counts/mixture.js';
import { usefulThreads } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { StoredModel } from '../model/model-data.js';
import { learningBytes, networkBytes } from '../model/network-bytes.js';
import { overflowError } from '../model/overflow.js';
import type { Given } from '../text/conditions.js';
import { mapOrdered, type OtherWorkers } from '../threads/map-ordered.js';
import { dynamicDefaults } from './dynamic-evaluator.js';
import { createLineHandler, type LineJob, type LinePlan, type LineResult } from './line-handler.js';
import { type LineLoss, lineRows, lineSteps } from './line-scorer.js';

export interface LineScoring {
  readonly models: readonly StoredModel[];
  /** The models' weights, if the device holds them already */
  readonly weights?: readonly SharedTensor[] | undefined;
  /** The device that computes; memory that is allocated on it is released at the end. */
  readonly device: Scope;
  /** Number of threads; no more than are useful are started, and the losses do not depend on it. */
  readonly threads: number;
  /** Called when the system allows fewer threads than requested */
  readonly onFewer?: ((threads: number, reason: string) => void) | undefined;
  /** Whether the models adapt to what they have read; the lines are then read one after the other, on one thread. */
  readonly dynamic?: boolean;
  /** Scales the weight of the models' counts: 1 (the default) as fitted, 0 for the networks alone */
  readonly countsWeight?: number | undefined;
  /** Whether each character's loss is wanted */
  readonly characters: boolean;
  /** Workers in other processes, if there are any; they are not used if the models adapt */
  readonly others?: OtherWorkers<LinePlan, LineJob, LineResult> | undefined;
}

export interface ScoredLine {
  /** The bytes of the line, without its end */
  readonly line: Uint8Array;
  /** The losses of the line under each of the models */
  readonly losses: readonly LineLoss[];
}

/** A line, with its labels and vectors, if it has any */
export type GivenLine = Uint8Array & { readonly given?: Given };

/**
 * Max lines of a job, which is small enough to be answered soon, and large enough to fill batches with lines of similar
 * length.
 */
const maxLines = 512;
const maxBytes = 1 << 16;

/**
 * @param groups lines that arrived together; each group is scored without waiting for the next
 * @throws CharnnError for a model whose weights overflow, because its losses could not be compared with any other
 */
export async function* scoreLines(
  groups: AsyncIterable<readonly Uint8Array[]>,
  { models, weights, device, dynamic = false, countsWeight = 1, characters, ...pool }: LineScoring,
): AsyncGenerator<ScoredLine, void, void> {
  const scope = device.scope();
  const { operations } = scope;
  const plan: LinePlan = {
    device: scope.handle,
    models: models.map((model, i) => ({
      config: model.config,
      symbols: model.vocabulary.symbols,
      text: model.text,
      weights: weights?.[i] ?? operations.share(loadWeights(model, operations)),
      counts: sharedCounts(model.counts, countsWeight),
    })),
    dynamic,
    countsWeight,
    characters,
  };
  const jobs = new Map<number, LineJob>();
  const options = {
    workers: dynamic ? 1 : usefulThreads(pool.threads),
    module: new URL('../bundle/line-worker.js', import.meta.url),
    createHandler: createLineHandler,
    data: plan,
    bytesPerWorker: workerBytes(models, dynamic),
    jobsPerWorker: 2,
    onFewer: pool.onFewer ?? (() => {}),
    others: dynamic ? undefined : pool.others,
  };
  try {
    for await (const { index, value } of mapOrdered(remembered(groups, jobs), options)) {
      const { bytes, ends } = jobs.get(index) as LineJob;
      jobs.delete(index);
      for (let i = 0; i < ends.length; i++) {
        const line = bytes.subarray(i > 0 ? ends[i - 1] : 0, ends[i]);
        const losses = value.map((lines) => lines[i]);
        const broken = losses.findIndex(({ nats }) => Number.isNaN(nats));
        if (broken >= 0) {
          const { length } = models;
          throw overflowError(length === 1 ? undefined : `model ${broken + 1} of ${length}`);
        }
        yield { line, losses };
      }
    }
  } finally {
    // the threads, which use memory of this scope, have ended at this point
    scope.release();
  }
}

/** Bytes of memory that each worker takes: a network for each of the models */
function workerBytes(models: readonly StoredModel[], dynamic: boolean): number {
  const bytes = models.map(({ config }) =>
    dynamic
      ? learningBytes(config, dynamicDefaults.seqLength)
      : networkBytes(config, lineRows * lineSteps, lineRows),
  );
  return bytes.reduce((sum, x) => sum + x, 0);
}

/**
 * Yields the lines in jobs for the workers, and stores each job in a map under its index. Whoever receives the result
 * of a job removes it there.
 * @param jobs the map
 */
export async function* remembered(
  groups: AsyncIterable<readonly Uint8Array[]>,
  jobs: Map<number, LineJob>,
): AsyncGenerator<LineJob, void, void> {
  let index = 0;
  for await (const job of lineJobs(groups)) {
    jobs.set(index++, job);
    yield job;
  }
}

/** Groups lines into jobs that are answered soon but still fill batches. */
export async function* lineJobs(groups: AsyncIterable<readonly GivenLine[]>) {
  for await (const lines of groups) {
    let from = 0;
    let bytes = 0;
    for (let i = 0; i < lines.length; i++) {
      bytes += lines[i].length;
      if (i + 1 - from < maxLines && bytes < maxBytes && i + 1 < lines.length) continue;
      yield joined(lines.slice(from, i + 1));
      from = i + 1;
      bytes = 0;
    }
  }
}

/** Copies lines into one buffer of their own, because a thread receives a copy of the whole underlying buffer. */
function joined(lines: readonly GivenLine[]): LineJob {
  const [line] = lines;
  if (line.given === undefined) return joinedBytes(lines);
  return { ...joinedBytes(lines), given: lines.map(({ given }) => given as Given) };
}

function joinedBytes(lines: readonly Uint8Array[]): LineJob {
  const [line] = lines;
  if (lines.length === 1 && line.length === line.buffer.byteLength) {
    return { bytes: line, ends: Int32Array.of(line.length) };
  }
  const ends = new Int32Array(lines.length);
  let length = 0;
  lines.forEach((line, i) => {
    length += line.length;
    ends[i] = length;
  });
  const bytes = new Uint8Array(length);
  lines.forEach((line, i) => {
    bytes.set(line, i > 0 ? ends[i - 1] : 0);
  });
  return { bytes, ends };
}
