/** Converts lines by a model of pairs, on all threads; the results come in the order of the lines. */
import type { Scope } from '../backend/device.js';
import { lineJobs } from '../evaluate/score-lines.js';
import { usefulThreads } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { mapOrdered } from '../threads/map-ordered.js';
import { type ConvertedLines, type ConvertPlan, createConvertHandler } from './convert-handler.js';

export interface LineConversion {
  readonly model: Model;
  /** The device that computes; memory taken from it is given back at the end. */
  readonly device: Scope;
  /** Number of threads. No more than are useful are started, and the results do not depend on it. */
  readonly threads: number;
  /** Called when the system allows fewer threads than that */
  readonly onFewer: (threads: number, reason: string) => void;
}

/**
 * Converts lines in groups: a group is converted before the next one is waited for.
 * @param groups lines that arrived together
 */
export async function* convertLines(
  groups: AsyncIterable<readonly Uint8Array[]>,
  { model, device, threads, onFewer }: LineConversion,
): AsyncGenerator<ConvertedLines, void, void> {
  const scope = device.scope();
  const { operations } = scope;
  const plan: ConvertPlan = {
    device: scope.handle,
    config: model.config,
    symbols: model.vocabulary.symbols,
    text: model.text,
    weights: operations.share(loadWeights(model, operations)),
  };
  const options = {
    workers: usefulThreads(threads),
    module: new URL('./convert-worker.js', import.meta.url),
    createHandler: createConvertHandler,
    data: plan,
    jobsPerWorker: 2,
    onFewer,
  };
  try {
    for await (const { value } of mapOrdered(lineJobs(groups), options)) yield value;
  } finally {
    // the threads have ended by now
    scope.release();
  }
}
