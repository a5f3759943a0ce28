/**
 * Mixes n-gram counts with a network while it learns: fits the mixing weights on held-out text from which neither has
 * learned, and computes the mixture's validation loss. The network is not affected.
 */
import type { Backend } from '../../backend/backend.js';
import { fitWeights } from '../../counts/fit-weights.js';
import { classCount, judgeOf, Mixture } from '../../counts/mixture.js';
import type { NgramTable } from '../../counts/ngram-table.js';
import type { Network } from '../../model/network.js';
import { type Judge, SegmentedEvaluator, segmentText } from '../../model/segmented-evaluator.js';
import type { Ids } from '../../text/unit.js';
import { partition, type ReplicaPlan } from './replica-plan.js';

/** The held-out text, n characters of which are predicted, and all predictions of them, in shared memory */
export interface MixingPlan {
  readonly table: NgramTable;
  /** The held-out text; its first character is only read, all others are also predicted. */
  readonly held: Ids;
  /** [n, V]: log-probabilities that the n-gram counts give */
  readonly logs: Float32Array;
  /** [n]: the class of each position, by the longest context known there and its number of occurrences (`classOf`) */
  readonly classes: Uint16Array;
  /** [n, V]: logits of the network */
  readonly logits: Float32Array;
  /** [classes, 2]: for each class of positions, the weights of network and counts, as they were fitted last */
  readonly weights: Float64Array;
}

/** Number of the rows of the held-out text that a replica reads. */
export function heldRows({ held }: MixingPlan, index: number, replicas: number): number {
  return partition(segmentText(held.length).count, index, replicas).size;
}

export class Mixing {
  private readonly reader: SegmentedEvaluator | undefined;

  /** @param T number of steps in a chunk; the network must have memory for that many steps of all rows */
  constructor(
    backend: Backend,
    network: Network,
    { index, replicas, documents }: Pick<ReplicaPlan, 'index' | 'replicas' | 'documents'>,
    private readonly plan: MixingPlan,
    T: number,
  ) {
    const { first, size } = partition(segmentText(plan.held.length).count, index, replicas);
    const isWorth = size > 0 && plan.classes.length > 0;
    if (!isWorth) return;
    this.reader = new SegmentedEvaluator(backend, network, first, size, T, documents?.held);
  }

  /** Reads this replica's rows of the held-out text, and writes the network's predictions to shared memory. */
  async read(stopped: () => boolean): Promise<void> {
    const { held, logits, table } = this.plan;
    const V = table.vocabulary;
    const note: Judge = (row, start, _, at) => {
      logits.set(row.subarray(start, start + V), (at - 1) * V);
      return 0;
    };
    await this.reader?.total(held, segmentText(held.length), stopped, note);
  }

  /** [n, V]: the logits that the replicas of this process have computed for their rows of the held-out text */
  get predictions(): Float32Array {
    return this.plan.logits;
  }

  /** The mixing weights that were fitted last */
  get weights(): Float64Array {
    return this.plan.weights;
  }

  /** Fits the mixing weights; all replicas must have read their rows of the held-out text. */
  fit(): void {
    const { table, logits, logs, classes, held, weights } = this.plan;
    const targets = held.subarray(1);
    const data = { vocabulary: table.vocabulary, logits, counted: logs, classes, targets };
    weights.set(fitWeights(data, classCount(table.context)));
  }

  /** A function that gives the loss of a character under the mixture with its current weights. */
  judge(): Judge {
    const { table, weights } = this.plan;
    return judgeOf(new Mixture({ table, weights }));
  }
}
