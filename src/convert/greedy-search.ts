/** Greedy search: writes the most probable symbol at each step. */
import {
  logSumExp,
  type SearchIds,
  type SourceLogits,
  type Target,
  type TargetSearch,
} from './target-search.js';

export class GreedySearch implements TargetSearch {
  readonly last: Int32Array;
  readonly parents = new Int32Array(1);
  isDone = false;
  private readonly ids: number[] = [];
  private logProbability: number;

  /** @param scores whether the log-probability is wanted */
  constructor(
    private readonly special: SearchIds,
    private readonly scores: boolean,
  ) {
    this.last = Int32Array.of(special.tab);
    this.logProbability = scores ? 0 : Number.NaN;
  }

  extend({ values, first }: SourceLogits): void {
    const { vocabulary: V, newline, tab } = this.special;
    let best = newline;
    // the unknown symbol, the last id, is never written
    for (let v = 0; v < V - 1; v++) {
      if (v !== tab && values[first + v] > values[first + best]) best = v;
    }
    if (this.scores) this.logProbability += values[first + best] - logSumExp(values, first, V);
    this.last[0] = best;
    if (best === newline) this.isDone = true;
    else this.ids.push(best);
  }

  targets(): Target[] {
    const { ids, isDone, logProbability } = this;
    return [{ ids, end: isDone ? 'end' : 'cut', logProbability }];
  }
}
