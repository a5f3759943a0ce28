/**
 * What a record may consist of: at each point only the characters that can still lead to a match of an
 * expression within the characters that are left.
 */
import { UsageError } from '../../errors.js';
import type { Vocabulary } from '../../text/vocabulary.js';
import { type Automaton, automatonOf } from './automaton.js';
import { parseExpression } from './parse.js';

export interface ConstraintOptions {
  /** Characters that a record may have, as between the brackets of a regular expression */
  readonly allow?: string | undefined;
  /** A regular expression that every record matches as a whole */
  readonly match?: string | undefined;
  /** Ids that end a record without being part of it: they are allowed besides */
  readonly ending: readonly number[];
}

/** Where a record stands; it never changes. */
export interface ConstraintState {
  /** Whether the record may end here */
  readonly accepting: boolean;
  /**
   * Sets which ids may come next, 1 by id, if `remaining` characters are left at most.
   * @returns whether there is one
   */
  permit(permitted: Uint8Array, remaining: number): boolean;
  /** Where a permitted id leads; undefined where it ends the record without being part of it. */
  after(id: number): ConstraintState | undefined;
}

const lf = 0x0a;
/** States that are remembered; beyond it they are made anew. */
const mostRemembered = 4096;

/**
 * @param length most characters of a record
 * @returns where every record begins, or undefined where nothing is asked
 * @throws UsageError for an expression that is none, or that no record can match
 */
export function constraintOf(
  { allow, match, ending }: ConstraintOptions,
  vocabulary: Vocabulary,
  length: number,
): ConstraintState | undefined {
  if (allow === undefined && match === undefined) return undefined;
  const characters = vocabulary.symbols.map((symbol) =>
    // the bytes of a longer character are no characters
    vocabulary.unit === 'byte' && symbol > 0x7f ? '' : String.fromCodePoint(symbol),
  );
  const maskOf = (source: string) => {
    const pattern = new RegExp(`^${source}$`, 'u');
    return Uint8Array.from(characters, (character) => (pattern.test(character) ? 1 : 0));
  };
  const allowed = allow === undefined ? undefined : maskOf(classSource(allow));
  if (allowed !== undefined && !allowed.includes(1)) {
    throw new UsageError(`--allow ${JSON.stringify(allow)} leaves none of the model's characters`);
  }
  if (match === undefined) return free(allowed as Uint8Array, ending);

  const masks = new Map<string, Uint8Array>();
  const automaton = automatonOf(parseExpression(match), (source) => {
    let mask = masks.get(source);
    if (mask === undefined) {
      mask = maskOf(source);
      if (allowed) mask = mask.map((one, id) => one & allowed[id]);
      masks.set(source, mask);
    }
    return mask;
  });
  const least = automaton.distance[automaton.start];
  const shown = `--match ${JSON.stringify(match)}`;
  if (least === Number.POSITIVE_INFINITY) {
    const but = allow === undefined ? '' : ', or that --allow leaves out';
    throw new UsageError(`${shown} needs characters that the model does not have${but}`);
  }
  if (least > length) {
    throw new UsageError(`${shown} needs ${least} characters at least: give --length ${least}`);
  }
  const newline = vocabulary.id(lf);
  const end = newline === vocabulary.unknownId ? undefined : newline;
  return new Determinizer(automaton, vocabulary.size - 1, end).start;
}

function classSource(allow: string): string {
  const source = `[${allow}]`;
  try {
    new RegExp(source, 'u');
  } catch {
    throw new UsageError(
      `--allow ${JSON.stringify(allow)} is no list of characters: write it as between the brackets of a regular expression, such as 'a-z \\n'`,
    );
  }
  return source;
}

function free(allowed: Uint8Array, ending: readonly number[]): ConstraintState {
  for (const id of ending) allowed[id] = 1;
  const state: ConstraintState = {
    accepting: true,
    permit(permitted) {
      permitted.set(allowed);
      return true;
    },
    after: () => state,
  };
  return state;
}

/** Makes the deterministic states that are met (Rabin & Scott 1959), each once. */
class Determinizer {
  readonly start: ConstraintState;
  private readonly known = new Map<string, SubsetState>();

  constructor(
    readonly automaton: Automaton,
    readonly symbols: number,
    /** Ends a record where it may end and the expression itself does not take it */
    readonly end: number | undefined,
  ) {
    this.start = this.stateOf([automaton.start]);
  }

  /** The state of being in any of these, or in any that they lead to without reading. */
  stateOf(from: readonly number[]): SubsetState {
    const { free, distance } = this.automaton;
    const reached = new Set<number>();
    const open = [...from];
    for (let s = open.pop(); s !== undefined; s = open.pop()) {
      if (reached.has(s) || distance[s] === Number.POSITIVE_INFINITY) continue;
      reached.add(s);
      open.push(...free[s]);
    }
    const { reads, accept } = this.automaton;
    const subset = [...reached].filter((s) => reads[s] !== undefined || s === accept);
    const key = subset.sort((a, b) => a - b).join();
    let state = this.known.get(key);
    if (state === undefined) {
      if (this.known.size >= mostRemembered) this.known.clear();
      state = new SubsetState(this, subset);
      this.known.set(key, state);
    }
    return state;
  }
}

class SubsetState implements ConstraintState {
  readonly accepting: boolean;
  /** By id: fewest characters to a match after it */
  private readonly need: Float64Array;
  private readonly successors = new Map<number, SubsetState>();

  constructor(
    private readonly determinizer: Determinizer,
    private readonly subset: readonly number[],
  ) {
    const { automaton, symbols } = determinizer;
    const { accept, reads, next, distance } = automaton;
    this.accepting = subset.includes(accept);
    this.need = new Float64Array(symbols).fill(Number.POSITIVE_INFINITY);
    for (const s of subset) {
      const mask = reads[s];
      const after = distance[next[s]];
      if (mask === undefined) continue;
      for (let id = 0; id < symbols; id++) {
        if (mask[id] === 1 && after < this.need[id]) this.need[id] = after;
      }
    }
  }

  permit(permitted: Uint8Array, remaining: number): boolean {
    let some = false;
    for (let id = 0; id < permitted.length; id++) {
      const can = this.need[id] <= remaining - 1;
      permitted[id] = can ? 1 : 0;
      some ||= can;
    }
    const { end } = this.determinizer;
    if (some && this.accepting && end !== undefined && this.isEnd(end)) permitted[end] = 1;
    return some;
  }

  after(id: number): SubsetState | undefined {
    const { determinizer } = this;
    if (this.isEnd(id)) return undefined;
    let state = this.successors.get(id);
    if (state === undefined) {
      const { reads, next } = determinizer.automaton;
      const to = this.subset.filter((s) => reads[s]?.[id] === 1).map((s) => next[s]);
      state = determinizer.stateOf(to);
      this.successors.set(id, state);
    }
    return state;
  }

  /** A line end is one where it cannot be part of a match. */
  private isEnd(id: number): boolean {
    return id === this.determinizer.end && this.need[id] === Number.POSITIVE_INFINITY;
  }
}
