/**
 * Finds pairs of a source and a target in the ids of a text, which has a pair on each line with a tab in between, and
 * divides them between training and validation by source.
 */
import { limits } from '../../limits.js';
import { type Conditions, givenOf, vectorCount } from '../../text/conditions.js';
import type { Ids } from '../../text/unit.js';
import { Random } from '../random.js';

/** Ids of the two characters that delimit sources and targets */
export interface PairMarks {
  /** The character between source and target */
  readonly tab: number;
  /** The character that ends a line */
  readonly newline: number;
}

/** Positions of pairs in a text */
export interface PairTable {
  /** Position of each pair's first id */
  readonly starts: Float64Array;
  /** Lengths of each pair's source and target, one after the other; in the text there is a tab between them. */
  readonly lengths: Uint16Array;
  /** Number of the line of each pair, counted from 0 */
  readonly lines: Uint32Array;
  /** The labels and vectors that the lines of the text come with, if there are any */
  readonly given?: Conditions | undefined;
}

/** Why a line is not a pair: no tab, an empty source, an empty target, or too long */
export type PairFault = 'tab' | 'source' | 'target' | 'length';

export interface FoundPairs {
  readonly pairs: PairTable;
  /** Number of lines that are not pairs, and the first few of them */
  readonly wrong: number;
  readonly examples: readonly { readonly line: number; readonly fault: PairFault }[];
  /** Number of lines with more than two columns, of which only the first two are read */
  readonly wider: number;
}

export function pairCount(pairs: PairTable): number {
  return pairs.starts.length;
}

/** Position of the first id of a pair's target */
export function targetStart({ starts, lengths }: PairTable, pair: number): number {
  return starts[pair] + lengths[2 * pair] + 1;
}

const maxExamples = 3;

/**
 * Finds the pairs in a text. Empty lines are skipped. A source may be empty if it has vectors.
 * @param given the labels and vectors that the lines of the text come with
 */
export function findPairs(ids: Ids, marks: PairMarks, given?: Conditions): FoundPairs {
  const starts: number[] = [];
  const lengths: number[] = [];
  const lines: number[] = [];
  const examples: { line: number; fault: PairFault }[] = [];
  let [line, wrong, wider] = [0, 0, 0];
  for (let start = 0; start < ids.length; ) {
    line++;
    let tab = -1;
    let second = -1;
    let end = start;
    for (; end < ids.length && ids[end] !== marks.newline; end++) {
      if (ids[end] !== marks.tab) continue;
      if (tab < 0) tab = end;
      else if (second < 0) second = end;
    }
    const source = tab - start;
    const target = (second < 0 ? end : second) - tab - 1;
    const vectors = vectorCount(given, line - 1);
    const fault = faultOf(tab, source, target, vectors);
    if (fault === undefined) {
      starts.push(start);
      lengths.push(source, target);
      lines.push(line - 1);
      if (second >= 0) wider++;
    } else if (end > start) {
      wrong++;
      if (examples.length < maxExamples) examples.push({ line, fault });
    }
    start = end + 1;
  }
  const pairs = {
    starts: Float64Array.from(starts),
    lengths: Uint16Array.from(lengths),
    lines: Uint32Array.from(lines),
    ...(given && { given }),
  };
  return { pairs, wrong, examples, wider };
}

function faultOf(
  tab: number,
  source: number,
  target: number,
  vectors: number,
): PairFault | undefined {
  if (tab < 0) return 'tab';
  if (source + vectors === 0) return 'source';
  if (target === 0) return 'target';
  return Math.max(source + vectors, target) > limits.pairLength ? 'length' : undefined;
}

/** The pairs for which a condition holds, in their order */
export function selectedPairs(
  { starts, lengths, lines, given }: PairTable,
  holds: (pair: number) => boolean,
): PairTable {
  const chosen = Array.from(starts.keys()).filter(holds);
  const of = new Uint16Array(2 * chosen.length);
  chosen.forEach((pair, i) => {
    of[2 * i] = lengths[2 * pair];
    of[2 * i + 1] = lengths[2 * pair + 1];
  });
  return {
    starts: Float64Array.from(chosen, (pair) => starts[pair]),
    lengths: of,
    lines: Uint32Array.from(chosen, (pair) => lines[pair]),
    ...(given && { given }),
  };
}

/**
 * Divides pairs at random between training and validation, all pairs with the same source together.
 * @param fraction approximate fraction of the sources used for validation
 */
export function splitPairs(
  ids: Ids,
  pairs: PairTable,
  fraction: number,
  seed: number,
): { readonly train: PairTable; readonly validation: PairTable } {
  const draws = Float64Array.from(pairs.starts, (_, pair) => drawOf(ids, pairs, pair, seed));
  const lowest = draws.reduce((a, b) => Math.min(a, b), 1);
  const highest = draws.reduce((a, b) => Math.max(a, b), 0);
  // training and validation get at least one source each, if there are two or more sources
  const edge = fraction === 0 ? 0 : Math.min(Math.max(fraction, lowest + Number.EPSILON), highest);
  const isForValidation = (pair: number) => draws[pair] < edge;
  return {
    train: selectedPairs(pairs, (pair) => !isForValidation(pair)),
    validation: selectedPairs(pairs, isForValidation),
  };
}

/**
 * A pseudorandom number from 0 to below 1 that depends only on the seed, the characters of the source, and its vectors
 */
function drawOf(
  ids: Ids,
  { starts, lengths, lines, given }: PairTable,
  pair: number,
  seed: number,
) {
  let hash = 0x811c9dc5;
  const add = (list: ArrayLike<number>) => {
    for (let i = 0; i < list.length; i++) hash = Math.imul(hash ^ list[i], 0x01000193);
  };
  add(ids.subarray(starts[pair], starts[pair] + lengths[2 * pair]));
  if (given?.vectors) {
    const { vectors } = givenOf(given, lines[pair]);
    add(new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length));
  }
  return new Random(seed, hash).uniform();
}

/** Number of characters to be predicted in the targets, including the newlines that end them */
export function targetCharacters({ lengths }: PairTable): number {
  let sum = 0;
  for (let i = 1; i < lengths.length; i += 2) sum += lengths[i] + 1;
  return sum;
}

/** How many characters of the targets are the unknown symbol */
export function targetsUnknown(ids: Ids, pairs: PairTable, unknownId: number): number {
  let count = 0;
  for (let pair = 0; pair < pairCount(pairs); pair++) {
    const start = targetStart(pairs, pair);
    for (let i = 0; i < pairs.lengths[2 * pair + 1]; i++) if (ids[start + i] === unknownId) count++;
  }
  return count;
}
