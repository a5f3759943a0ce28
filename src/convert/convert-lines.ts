/** Converts lines with a model trained on pairs, on all threads; the results come in the order of the lines. */
import type { SharedTensor } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import type { LineJob } from '../evaluate/line-handler.js';
import { remembered } from '../evaluate/score-lines.js';
import { usefulThreads } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { withoutCr } from '../text/encode.js';
import type { TextOptions } from '../text/unit.js';
import { mapOrdered } from '../threads/map-ordered.js';
import { type ConvertPlan, createConvertHandler, type PackedTargets } from './convert-handler.js';
import type { SearchSettings } from './target-search.js';

export interface LineConversion {
  readonly model: Model;
  /** The model's weights, if the device holds them already */
  readonly weights?: SharedTensor | undefined;
  /** The device that computes; memory that is allocated on it is released at the end. */
  readonly device: Scope;
  readonly search: SearchSettings;
  /** Number of threads. No more than are useful are started, and the results do not depend on it. */
  readonly threads: number;
  /** Called when the system allows fewer threads than requested */
  readonly onFewer?: ((threads: number, reason: string) => void) | undefined;
}

export interface Answer {
  /** The target, in UTF-8 unless its unit is bytes */
  readonly target: Uint8Array;
  /** Log-probability of the target and its end, in nats; NaN if scores are not wanted */
  readonly logProbability: number;
  /** Mean cost per symbol of the target in bits, including its end */
  readonly bits: number;
  /** Whether the target was cut off because the model did not end it */
  readonly isCut: boolean;
}

export interface ConvertedLine {
  /** The bytes of the line, without its end */
  readonly line: Uint8Array;
  /** The targets of the line, best first; none if it is empty or too long */
  readonly answers: readonly Answer[];
  /** Number of characters of the line that the model does not know */
  readonly unknown: number;
}

/** Lines that were converted together */
export interface ConvertedLines {
  readonly lines: readonly ConvertedLine[];
  /** The first few characters that the model does not know */
  readonly unknownSymbols: readonly string[];
}

/**
 * Converts lines in groups; each group is converted without waiting for the next.
 * @param groups lines that arrived together
 */
export async function* convertLines(
  groups: AsyncIterable<readonly Uint8Array[]>,
  { model, weights, device, search, threads, onFewer = () => {} }: LineConversion,
): AsyncGenerator<ConvertedLines, void, void> {
  const scope = device.scope();
  const { operations } = scope;
  const plan: ConvertPlan = {
    device: scope.handle,
    config: model.config,
    symbols: model.vocabulary.symbols,
    text: model.text,
    weights: weights ?? operations.share(loadWeights(model, operations)),
    search,
  };
  const options = {
    workers: usefulThreads(threads),
    module: new URL('../bundle/convert-worker.js', import.meta.url),
    createHandler: createConvertHandler,
    data: plan,
    jobsPerWorker: 2,
    onFewer,
  };
  const jobs = new Map<number, LineJob>();
  try {
    for await (const { index, value } of mapOrdered(remembered(groups, jobs), options)) {
      const job = jobs.get(index) as LineJob;
      jobs.delete(index);
      yield { lines: unpacked(job, value, model.text), unknownSymbols: value.unknownSymbols };
    }
  } finally {
    // the threads that use this memory have ended by now
    scope.release();
  }
}

function unpacked(job: LineJob, packed: PackedTargets, text: TextOptions): ConvertedLine[] {
  let next = 0;
  return Array.from(packed.counts, (count, i) => {
    const answers: Answer[] = [];
    for (const end = next + count; next < end; next++) {
      answers.push({
        target: packed.bytes.subarray(next > 0 ? packed.ends[next - 1] : 0, packed.ends[next]),
        logProbability: packed.logProbabilities[next],
        bits: packed.bits[next],
        isCut: packed.cut[next] === 1,
      });
    }
    const line = job.bytes.subarray(i > 0 ? job.ends[i - 1] : 0, job.ends[i]);
    return { line: withoutCr(line, text), answers, unknown: packed.unknown[i] };
  });
}
