/** The work of counting the n-grams of a training text, which a thread or the calling thread does. */
import type { Ids } from '../text/unit.js';
import type { Handler } from '../threads/handler.js';
import { countText } from './count-text.js';
import { mergeTables } from './merge-tables.js';
import { classOf } from './mixture.js';
import { NgramReader } from './ngram-reader.js';
import type { NgramTable } from './ngram-table.js';

/**
 * The input of the thread that counts n-grams. It is passed by `postMessage`; the text and the n-gram table are in
 * shared memory.
 */
export interface CountingPlan {
  /** The training text, including the held-out part at its beginning */
  readonly text: Ids;
  /** Number of characters of the held-out part */
  readonly held: number;
  readonly vocabulary: number;
  readonly context: number;
  /** Counts of an earlier model to which those of this text are added, in ids of this vocabulary */
  readonly given: NgramTable | undefined;
}

export interface Counted {
  /** Counts of the whole text, including the held-out part */
  readonly table: NgramTable;
  /**
   * [n, V] log-probabilities at each held-out character except the first, by counts of everything outside the held-out
   * part
   */
  readonly logs: Float32Array;
  /** [n] the class of each held-out character except the first, by which its weights in the mixture are chosen */
  readonly classes: Uint16Array;
}

export function createCountingHandler(
  plan: CountingPlan,
  reply: (counted: Counted) => void,
): Handler<'count'> {
  return () => reply(countHeldOut(plan));
}

/**
 * Counts the text without its held-out part, predicts that part with the counts, and then counts it as well.
 * @param own the counts of the text without the held-out part
 */
export function countHeldOut(
  { text, held, vocabulary, context, given }: CountingPlan,
  own: NgramTable = countText(text, vocabulary, { context, first: held }),
): Counted {
  const before = given ? mergeTables([{ table: given }, { table: own }], vocabulary) : own;
  const n = Math.max(0, held - 1);
  const logs = new Float32Array(new SharedArrayBuffer(4 * n * vocabulary));
  const classes = new Uint16Array(new SharedArrayBuffer(2 * n));
  const reader = new NgramReader(before);
  const row = new Float64Array(vocabulary);
  for (let i = 0; i < n; i++) {
    reader.predict(text, i + 1, row);
    logs.set(row, i * vocabulary);
    classes[i] = classOf(reader.matched, reader.seen);
  }
  if (held === 0) return { table: before, logs, classes };
  const rest = countText(text.subarray(0, held), vocabulary, { context });
  const table = mergeTables([{ table: before }, { table: rest }], vocabulary);
  return { table, logs, classes };
}
