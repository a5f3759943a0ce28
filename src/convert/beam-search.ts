/**
 * Beam search (Graves 2012; Sutskever et al. 2014): after each symbol the `beam` most probable hypotheses are kept.
 * Targets that have ended are compared by log-probability divided by length^penalty (length normalisation, Wu et al.
 * 2016). The search for a source is done when it has all the targets that are wanted and no hypothesis is better than
 * the worst of them. With a beam of 1 this is greedy search.
 */
import {
  logSumExp,
  type SearchIds,
  type SearchSettings,
  type SourceLogits,
  type Target,
  type TargetSearch,
} from './target-search.js';

/** The last symbol of a hypothesis, and a link to those before it */
interface Hypothesis {
  readonly id: number;
  readonly before: Hypothesis | undefined;
  readonly length: number;
  readonly logProbability: number;
}

interface Ended {
  readonly target: Target;
  readonly score: number;
}

export class BeamSearch implements TargetSearch {
  readonly last: Int32Array;
  readonly parents: Int32Array;
  isDone = false;
  private open: Hypothesis[];
  /** The targets that have ended, best first */
  private readonly ended: Ended[] = [];
  /** The most probable extensions, best first: log-probability, row, and symbol */
  private readonly likeliest: Float64Array;
  private readonly rows: Int32Array;
  private readonly symbols: Int32Array;
  private count = 0;

  constructor(
    private readonly special: SearchIds,
    private readonly settings: SearchSettings,
  ) {
    const { beam } = settings;
    this.last = new Int32Array(beam).fill(special.tab);
    this.parents = new Int32Array(beam);
    this.open = [{ id: special.tab, before: undefined, length: 0, logProbability: 0 }];
    // of twice `beam` extensions at most `beam` end a target, one for each hypothesis, so at least `beam` others remain
    this.likeliest = new Float64Array(2 * beam);
    this.rows = new Int32Array(2 * beam);
    this.symbols = new Int32Array(2 * beam);
  }

  extend(logits: SourceLogits): void {
    const { settings, special, open } = this;
    this.count = 0;
    open.forEach((hypothesis, row) => {
      this.addExtensions(hypothesis, row, logits);
    });
    const next: Hypothesis[] = [];
    for (let i = 0; i < this.count && next.length < settings.beam; i++) {
      const [row, id, logProbability] = [this.rows[i], this.symbols[i], this.likeliest[i]];
      const before = open[row];
      if (id === special.newline) {
        // the end of a target counts only if it is itself among the `beam` most probable extensions
        if (i < settings.beam) this.end(before, logProbability);
        continue;
      }
      this.last[next.length] = id;
      this.parents[next.length] = row;
      next.push({ id, before, length: before.length + 1, logProbability });
    }
    // rows without a hypothesis compute values that are not used
    this.parents.fill(0, next.length);
    this.open = next;
    this.isDone = next.length === 0 || this.isSettled(next[0]);
  }

  targets(): Target[] {
    const { ended, open, settings } = this;
    if (ended.length > 0) return ended.slice(0, settings.nBest).map(({ target }) => target);
    const [{ logProbability }] = open;
    return [{ ids: idsOf(open[0]), end: 'cut', logProbability }];
  }

  /**
   * Adds the symbols that may follow a hypothesis to the most probable extensions; the unknown symbol and a tab may not
   * follow.
   */
  private addExtensions(hypothesis: Hypothesis, row: number, logits: SourceLogits): void {
    const { vocabulary: V, newline, tab } = this.special;
    const { values } = logits;
    const start = logits.first + row * logits.stride;
    const base = hypothesis.logProbability - logSumExp(values, start, V);
    // of equal extensions the one that was added first is kept, as in greedy search
    this.add(base + values[start + newline], row, newline);
    for (let v = 0; v < V - 1; v++) {
      if (v !== tab && v !== newline) this.add(base + values[start + v], row, v);
    }
  }

  private add(value: number, row: number, symbol: number): void {
    const { likeliest, rows, symbols } = this;
    let at = this.count;
    if (at < likeliest.length) this.count++;
    else if (!(value > likeliest[--at])) return;
    for (; at > 0 && likeliest[at - 1] < value; at--) {
      likeliest[at] = likeliest[at - 1];
      rows[at] = rows[at - 1];
      symbols[at] = symbols[at - 1];
    }
    likeliest[at] = value;
    rows[at] = row;
    symbols[at] = symbol;
  }

  private end(hypothesis: Hypothesis, logProbability: number): void {
    const { ended } = this;
    const score = this.scoreOf(logProbability, hypothesis.length + 1);
    let at = ended.length;
    while (at > 0 && ended[at - 1].score < score) at--;
    ended.splice(at, 0, {
      target: { ids: idsOf(hypothesis), end: 'end', logProbability },
      score,
    });
  }

  /** Whether there are enough targets that have ended, all better than the best hypothesis is so far */
  private isSettled(best: Hypothesis): boolean {
    const worst = this.ended[this.settings.nBest - 1];
    return worst !== undefined && this.scoreOf(best.logProbability, best.length) <= worst.score;
  }

  private scoreOf(logProbability: number, length: number): number {
    return logProbability / length ** this.settings.lengthPenalty;
  }
}

function idsOf(hypothesis: Hypothesis): number[] {
  const ids: number[] = [];
  for (let at = hypothesis; at.before !== undefined; at = at.before) ids.push(at.id);
  return ids.reverse();
}
