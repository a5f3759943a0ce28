/**
 * Counts beside a network that learns: the weights of their mixture, fitted on what neither has learned from, and
 * what the mixture makes of the validation text. The network knows nothing of it.
 */
import type { Backend } from '../../backend/backend.js';
import { fitWeights } from '../../counts/fit-weights.js';
import { classCount, judgeOf, Mixture } from '../../counts/mixture.js';
import type { NgramTable } from '../../counts/ngram-table.js';
import type { Network } from '../../model/network.js';
import { type Judge, SegmentedEvaluator, segmentText } from '../../model/segmented-evaluator.js';
import type { Ids } from '../../text/unit.js';
import { partition } from './replica-plan.js';

/** All of it is on shared memory. */
export interface MixingPlan {
  readonly table: NgramTable;
  /** What is held out; its first character is read, all others are predicted */
  readonly held: Ids;
  /** [n, V] what counts predict there, as logarithms; [n] the classes of the positions */
  readonly logs: Float32Array;
  readonly classes: Uint16Array;
  /** [n, V] what the network predicts there */
  readonly logits: Float32Array;
  /** [classes, 2] as they were fitted last */
  readonly weights: Float64Array;
}

/** Rows that a replica reads of what is held out */
export function heldRows({ held }: MixingPlan, index: number, replicas: number): number {
  return partition(segmentText(held.length).count, index, replicas).size;
}

export class Mixing {
  private readonly reader: SegmentedEvaluator | undefined;

  /** @param T steps of a chunk; the network must hold so many of all rows */
  constructor(
    backend: Backend,
    network: Network,
    private readonly plan: MixingPlan,
    index: number,
    replicas: number,
    T: number,
  ) {
    const { first, size } = partition(segmentText(plan.held.length).count, index, replicas);
    const isWorth = size > 0 && plan.classes.length > 0;
    if (isWorth) this.reader = new SegmentedEvaluator(backend, network, first, size, T);
  }

  /** Reads this replica's rows of what is held out; the network's predictions are noted for all. */
  async read(stopped: () => boolean): Promise<void> {
    const { held, logits, table } = this.plan;
    const V = table.vocabulary;
    const note: Judge = (row, start, _, at) => {
      logits.set(row.subarray(start, start + V), (at - 1) * V);
      return 0;
    };
    await this.reader?.total(held, segmentText(held.length), stopped, note);
  }

  /** Fits the weights, when all replicas have read. */
  fit(): void {
    const { table, logits, logs, classes, held, weights } = this.plan;
    const targets = held.subarray(1);
    const data = { vocabulary: table.vocabulary, logits, counted: logs, classes, targets };
    weights.set(fitWeights(data, classCount(table.context)));
  }

  /** What the mixture says of a character, with the weights as they are. */
  judge(): Judge {
    const { table, weights } = this.plan;
    return judgeOf(new Mixture({ table, weights }));
  }
}
