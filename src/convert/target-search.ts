/**
 * The interface of a search for one source's target, symbol by symbol: the decoder's rows that belong to the source are
 * its hypotheses, and after each step the search says which of them are extended, and by which symbol.
 */

export interface Target {
  /** The symbols of the target, without the newline that ends it */
  readonly ids: readonly number[];
  /** `end` if the model ended the target, `cut` if the target reached the max length */
  readonly end: 'end' | 'cut';
  /** Log-probability of all symbols of the target and of its end, in nats; NaN if scores are not wanted */
  readonly logProbability: number;
}

export interface SearchSettings {
  /** Number of hypotheses that are kept after each symbol; with 1, the most probable symbol is written each time. */
  readonly beam: number;
  /** Number of targets that are wanted for each source, at most `beam` */
  readonly nBest: number;
  /** Targets are compared by their log-probability divided by this power of their length; 0 favours short ones. */
  readonly lengthPenalty: number;
  /** Whether log-probabilities are wanted */
  readonly scores: boolean;
}

/** Ids with a special meaning in a search */
export interface SearchIds {
  readonly vocabulary: number;
  /** The id that ends a target */
  readonly newline: number;
  /** The id of the tab, which a target cannot contain, so that the search never writes it */
  readonly tab: number;
}

/** Logits of the hypotheses for one source, a row for each: row k begins at `first + k · stride`. */
export interface SourceLogits {
  readonly values: Float32Array | Float64Array;
  readonly first: number;
  readonly stride: number;
}

/** The search for the targets of one source. Its first step has one row, each later one `beam` rows. */
export interface TargetSearch {
  /** By row: the symbol that was chosen last */
  readonly last: Int32Array;
  /** By row: the row of the preceding step that this row extends */
  readonly parents: Int32Array;
  readonly isDone: boolean;
  /** Chooses the hypotheses of the next step: which of the present rows are extended, and by which symbols. */
  extend(logits: SourceLogits): void;
  /** The targets that have ended, best first; if none has, the best hypothesis so far as a target that is cut off */
  targets(): Target[];
}

/** Number of symbols that the probability of a target covers */
export function scoredLength({ ids, end }: Target): number {
  return ids.length + (end === 'end' ? 1 : 0);
}

/** Mean cost per symbol of the target in bits, including its end; 0 for a target without symbols */
export function bitsPerSymbol(target: Target): number {
  const length = scoredLength(target);
  return length > 0 ? Math.max(0, -target.logProbability / Math.LN2 / length) : 0;
}

/**
 * log Σ exp of a row of logits. The last symbol, the unknown one, is never written, but it is part of the sum, so
 * that probabilities are those of the model.
 */
export function logSumExp(values: Float32Array | Float64Array, start: number, V: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let v = start; v < start + V; v++) if (values[v] > max) max = values[v];
  let sum = 0;
  for (let v = start; v < start + V; v++) sum += Math.exp(values[v] - max);
  return max + Math.log(sum);
}
