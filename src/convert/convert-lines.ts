/** Lines that a model of pairs converts, on all threads, in their order. */
import type { Scope } from '../backend/device.js';
import { lineJobs } from '../evaluate/score-lines.js';
import { usefulThreads } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { mapOrdered } from '../threads/map-ordered.js';
import { type ConvertedLines, type ConvertPlan, createConvertHandler } from './convert-handler.js';

export interface LineConversion {
  readonly model: Model;
  /** What computes; the memory that is taken is given back at the end. */
  readonly device: Scope;
  /** More than are of use are not started; what is written does not depend on their number. */
  readonly threads: number;
  /** Told when the system allows fewer threads than that */
  readonly onFewer: (threads: number, reason: string) => void;
}

/** @param groups lines that have come together; what is there is converted before the next is waited for */
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
