/**
 * Builds a nondeterministic automaton from a regular expression (Thompson 1968), over the ids of a vocabulary. For each
 * state it records the min number of characters to a match.
 */
import { UsageError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { Expression } from './parse.js';

/** Max number of states, which is enough for any expression that a person writes; counted repeats are expanded. */
const { states: maxStates, work: maxWork } = limits.expression;

export interface Automaton {
  readonly start: number;
  readonly accept: number;
  /** By state: the mask of ids that it reads, if any, and the state that follows */
  readonly reads: readonly (Uint8Array | undefined)[];
  readonly next: readonly number[];
  /** By state: the states that can be entered from it without reading a character */
  readonly free: readonly (readonly number[])[];
  /** By state: min number of characters to a match; infinity where no match can be reached */
  readonly distance: Float64Array;
}

/**
 * @param maskOf given the notation of one character, returns a mask with 1 for each id that the notation stands for
 * @throws UsageError for an expression that needs too many states, or too much work to build them
 */
export function automatonOf(
  expression: Expression,
  maskOf: (source: string) => Uint8Array,
): Automaton {
  const reads: (Uint8Array | undefined)[] = [];
  const next: number[] = [];
  const free: number[][] = [];
  const state = (): number => {
    if (reads.length >= maxStates) tooLarge(`more than ${maxStates} states`);
    reads.push(undefined);
    next.push(-1);
    return free.push([]) - 1;
  };
  let work = 0;
  /** Adds states for a part of the expression that begins in state `from`; returns the state after it. */
  const build = (part: Expression, from: number): number => {
    // copies of an empty part add no states, but take time
    if (++work > maxWork) tooLarge(`more than ${maxWork} parts`);
    switch (part.kind) {
      case 'character': {
        const to = state();
        const reader = state();
        free[from].push(reader);
        reads[reader] = maskOf(part.source);
        next[reader] = to;
        return to;
      }
      case 'sequence':
        return part.parts.reduce((at, each) => build(each, at), from);
      case 'choice': {
        const to = state();
        for (const each of part.parts) {
          const begin = state();
          free[from].push(begin);
          free[build(each, begin)].push(to);
        }
        return to;
      }
      case 'repeat': {
        let at = from;
        for (let i = 0; i < part.least; i++) {
          const before = at;
          at = build(part.part, at);
          // the repeated part is empty, so that further repetitions make no difference
          if (at === before) break;
        }
        const to = state();
        if (part.most === Number.POSITIVE_INFINITY) {
          const loop = state();
          free[at].push(loop);
          free[loop].push(to);
          free[build(part.part, loop)].push(loop);
          return to;
        }
        for (let i = part.least; i < part.most; i++) {
          free[at].push(to);
          const before = at;
          at = build(part.part, at);
          if (at === before) break;
        }
        free[at].push(to);
        return to;
      }
    }
  };
  const start = state();
  const accept = build(expression, start);
  return { start, accept, reads, next, free, distance: distances(reads, next, free, accept) };
}

function tooLarge(what: string): never {
  throw new UsageError(
    `the expression is too large: its counted repetitions lead to ${what}; use smaller numbers of repetitions`,
  );
}

/**
 * Computes for each state how many characters a match still needs, by breadth-first search backwards from the final
 * state.
 */
function distances(
  reads: readonly (Uint8Array | undefined)[],
  next: readonly number[],
  free: readonly (readonly number[])[],
  accept: number,
): Float64Array {
  const freeInto = reads.map((): number[] => []);
  const readInto = reads.map((): number[] => []);
  reads.forEach((mask, s) => {
    for (const to of free[s]) freeInto[to].push(s);
    if (mask?.includes(1)) readInto[next[s]].push(s);
  });
  const distance = new Float64Array(reads.length).fill(Number.POSITIVE_INFINITY);
  let level = [accept];
  for (let d = 0; level.length > 0; d++) {
    const readers: number[] = [];
    for (let s = level.pop(); s !== undefined; s = level.pop()) {
      if (distance[s] <= d) continue;
      distance[s] = d;
      level.push(...freeInto[s]);
      readers.push(...readInto[s]);
    }
    level = readers;
  }
  return distance;
}
