/** Trains the networks of a search, several at the same time, each on one thread. */
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellExtension } from '../cells/cell-library.js';
import { DivergenceError } from '../errors.js';
import type { Corpus } from '../library/corpus.js';
import { train } from '../library/train-on-corpus.js';
import type { CellOption } from '../train/schema/cell-type.js';
import { isBaseline, type Job, type SearchPlan } from './plan.js';
import type { Outcome } from './search.js';

/** Number of validations in a training run; there are few, because the planned time does not include them */
const validations = 5;

/** Trains the cells of a plan. It must be closed when it is no longer needed. */
export class Trainer {
  private constructor(
    private readonly corpus: Corpus,
    private readonly plan: SearchPlan,
    private readonly threads: number,
    private readonly folder: string,
  ) {}

  /** @param threads number of training runs at the same time, which may differ from the plan's */
  static async open(corpus: Corpus, plan: SearchPlan, threads: number): Promise<Trainer> {
    return new Trainer(corpus, plan, threads, await mkdtemp(join(tmpdir(), 'charnn-search-')));
  }

  /**
   * Carries out the given training runs, as many at the same time as there are threads. After a failure no other run
   * is begun.
   * @param onOutcome called with the outcome of each training run when it ends
   * @throws the reason of the signal, if the signal is aborted
   */
  async all(
    jobs: readonly Job[],
    signal: AbortSignal,
    onOutcome: (job: Job, outcome: Outcome) => Promise<void>,
  ): Promise<void> {
    // each training run adds a listener to the signal, and by default Node.js would warn that there are many
    setMaxListeners(0, signal);
    const waiting = [...jobs];
    const worker = async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        signal.throwIfAborted();
        const outcome = await this.one(job, signal).catch((error) => {
          waiting.length = 0;
          throw error;
        });
        // an interrupted training run has made fewer steps than planned, so its losses do not count
        signal.throwIfAborted();
        await onOutcome(job, outcome);
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: this.threads }, worker));
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async one(job: Job, signal: AbortSignal): Promise<Outcome> {
    const { hidden, steps, seed, candidate } = job;
    const { layers, embedding, batchSize, seqLength, backend } = this.plan;
    const curve: (readonly [number, number])[] = [];
    let best = Number.POSITIVE_INFINITY;
    try {
      const model = await train(this.corpus, {
        ...{ cell: await this.cellOf(job), layers, hidden, embedding, batchSize, seqLength },
        ...{
          steps,
          seed,
          backend,
          signal,
          precision: 'f32',
          threads: 1,
          earlyStop: 0,
          dropout: 0,
          counts: 0,
        },
        ...{ residual: false, layerNorm: false },
        evalEvery: Math.ceil(steps / validations),
        onEvent: (event) => {
          if (event.type !== 'validation' || event.validationLoss === null) return;
          if (event.step > 0) curve.push([event.step / steps, event.validationLoss]);
          best = Math.min(best, event.validationLoss);
        },
      });
      await model.close();
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw error;
      return { loss: null, curve };
    }
    if (!Number.isFinite(best)) throw new Error(`${candidate.name} was never validated`);
    return { loss: best, curve };
  }

  /** The value that `train` accepts as the cell: a name, or the path of a file of equations */
  private async cellOf({ candidate: { name, equations } }: Job): Promise<CellOption> {
    if (isBaseline(name)) return name;
    const path = `${join(this.folder, name)}${cellExtension}` as const;
    await writeFile(path, equations);
    return path;
  }
}
