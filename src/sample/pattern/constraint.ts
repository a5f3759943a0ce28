/**
 * Constrains records: at each point it permits only characters after which the expression can still be matched within
 * the characters that are left.
 */
import { optionName, UsageError } from '../../errors.js';
import { limits } from '../../limits.js';
import { quoteText } from '../../messages/quote.js';
import type { Vocabulary } from '../../text/vocabulary.js';
import { type Automaton, automatonOf } from './automaton.js';
import { parseExpression } from './parse.js';

export interface ConstraintOptions {
  /** Characters that may occur in a record, in the notation between the brackets of a regular expression */
  readonly allow?: string | undefined;
  /** A regular expression that every record matches as a whole */
  readonly match?: string | undefined;
  /** Ids that end a record without being part of it; they are permitted as well */
  readonly ending: readonly number[];
}

/** The state of a record with respect to its constraint. States are immutable. */
export interface ConstraintState {
  /** Whether a record that is in this state may end */
  readonly accepting: boolean;
  /**
   * Writes a mask with 1 for each id that may come next if the record has room for `remaining` more characters.
   * @returns whether any id may come next
   */
  writeMask(mask: Uint8Array, remaining: number): boolean;
  /** The state after a permitted id; undefined if the id ends the record without being part of it. */
  after(id: number): ConstraintState | undefined;
}

const lf = 0x0a;
const { masks: maxMasks, remembered: maxRemembered } = limits.expression;

/**
 * Creates the constraint on records, as the state in which every record begins.
 * @param length max number of characters of a record
 * @returns undefined if these options constrain nothing
 * @throws UsageError for an invalid expression, or one that no record can match
 */
export function constraintOf(
  { allow, match, ending }: ConstraintOptions,
  vocabulary: Vocabulary,
  length: number,
): ConstraintState | undefined {
  if (allow === undefined && match === undefined) return undefined;
  const characters = vocabulary.symbols.map((symbol) =>
    // in a vocabulary of bytes, bytes above 0x7f are only parts of characters, which no expression matches
    vocabulary.unit === 'byte' && symbol > 0x7f ? '' : String.fromCodePoint(symbol),
  );
  const idOf = new Map(characters.map((character, id) => [character, id]));
  const maskOf = (source: string) => {
    // the id of a literal character is looked up, without testing all the others
    const code = source.match(/^\\u\{([\da-f]+)\}$/)?.[1];
    if (code) {
      const id = idOf.get(String.fromCodePoint(Number.parseInt(code, 16)));
      const mask = new Uint8Array(characters.length);
      if (id !== undefined) mask[id] = 1;
      return mask;
    }
    const pattern = new RegExp(`^${source}$`, 'u');
    return Uint8Array.from(characters, (character) => (pattern.test(character) ? 1 : 0));
  };
  const allowed = allow === undefined ? undefined : maskOf(classSource(allow));
  if (allowed !== undefined && !allowed.includes(1)) {
    throw new UsageError(
      `${optionName('allow')} ${quoteText(allow ?? '', 60)} allows none of the model's characters`,
    );
  }
  if (match === undefined) return free(allowed as Uint8Array, ending);

  const shown = `${optionName('match')} ${quoteText(match, 60)}`;
  const masks = new Map<string, Uint8Array>();
  const automaton = automatonOf(parseExpression(match), (source) => {
    let mask = masks.get(source);
    if (mask === undefined) {
      if ((masks.size + 1) * characters.length > maxMasks) {
        throw new UsageError(
          `${shown} names too many different characters for a model of ${characters.length}: name fewer, or classes such as \\p{L}`,
        );
      }
      mask = maskOf(source);
      if (allowed) mask = mask.map((one, id) => one & allowed[id]);
      masks.set(source, mask);
    }
    return mask;
  });
  const minLength = automaton.distance[automaton.start];
  if (minLength === Number.POSITIVE_INFINITY) {
    const but = allow === undefined ? '' : `, or that ${optionName('allow')} leaves out`;
    throw new UsageError(`${shown} needs characters that the model does not have${but}`);
  }
  if (minLength > length) {
    throw new UsageError(
      `${shown} needs ${minLength} characters at least: give ${optionName('length')} ${minLength}`,
    );
  }
  const newline = vocabulary.id(lf);
  const end = newline === vocabulary.unknownId ? undefined : newline;
  return new Determinizer(automaton, vocabulary.size - 1, end).start;
}

/** Matches one character class: from its opening bracket to the bracket that closes it */
const oneClass = /^\[(?:\\[\s\S]|[^\]\\])*\]$/u;

function classSource(allow: string): string {
  const source = `[${allow}]`;
  const { characters } = limits.expression;
  if (allow.length > characters) {
    throw new UsageError(
      `${optionName('allow')} has ${allow.length} characters: at most ${characters} are allowed`,
    );
  }
  try {
    if (!oneClass.test(source)) throw new SyntaxError('more than one class');
    new RegExp(source, 'u');
  } catch {
    throw new UsageError(
      `${optionName('allow')} ${quoteText(allow, 60)} is not a list of characters: write it as inside the brackets of a regular expression, such as 'a-z \\n'`,
    );
  }
  return source;
}

function free(allowed: Uint8Array, ending: readonly number[]): ConstraintState {
  for (const id of ending) allowed[id] = 1;
  const state: ConstraintState = {
    accepting: true,
    writeMask(mask) {
      mask.set(allowed);
      return true;
    },
    after: () => state,
  };
  return state;
}

/**
 * Makes the automaton deterministic (subset construction, Rabin & Scott 1959), creating states as records reach them.
 */
class Determinizer {
  readonly start: ConstraintState;
  private readonly known = new Map<string, SubsetState>();
  private edges = new Map<SubsetState, Map<number, SubsetState>>();
  /** Size of the cached states in memory, as a number of array elements and characters */
  private kept = 0;

  constructor(
    readonly automaton: Automaton,
    readonly symbols: number,
    /** The id that ends a record, unless the expression can read it as part of a match */
    readonly end: number | undefined,
  ) {
    this.start = this.stateOf([automaton.start]);
  }

  /**
   * The deterministic state for a set of nondeterministic ones, including those that can be entered from them without
   * reading.
   */
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
      state = new SubsetState(this, subset);
      // an expression may have exponentially many states, so beyond a size the cache is emptied, and states are created
      // again when needed
      const size = key.length + subset.length + this.symbols;
      if (this.kept + size > maxRemembered) {
        this.known.clear();
        this.edges = new Map();
        this.kept = 0;
      }
      this.kept += size;
      this.known.set(key, state);
    }
    return state;
  }

  /** The state that an id leads to. It is cached outside the states, so that no state keeps others in memory. */
  follow(from: SubsetState, id: number): SubsetState {
    const known = this.edges.get(from)?.get(id);
    if (known !== undefined) return known;
    const { reads, next } = this.automaton;
    const to = from.subset.filter((s) => reads[s]?.[id] === 1).map((s) => next[s]);
    const state = this.stateOf(to);
    let edges = this.edges.get(from);
    if (edges === undefined) {
      edges = new Map();
      this.edges.set(from, edges);
    }
    edges.set(id, state);
    return state;
  }
}

class SubsetState implements ConstraintState {
  readonly accepting: boolean;
  /** By id: min number of characters that must follow the id until the expression matches */
  private readonly need: Float64Array;

  constructor(
    private readonly determinizer: Determinizer,
    readonly subset: readonly number[],
  ) {
    const { automaton, symbols } = determinizer;
    const { accept, reads, next, distance } = automaton;
    this.accepting = subset.includes(accept);
    this.need = new Float64Array(symbols).fill(Number.POSITIVE_INFINITY);
    // several states may read the same mask of ids, which then has to be examined only once
    const nearest = new Map<Uint8Array, number>();
    for (const s of subset) {
      const mask = reads[s];
      if (mask === undefined) continue;
      const after = distance[next[s]];
      if (after < (nearest.get(mask) ?? Number.POSITIVE_INFINITY)) nearest.set(mask, after);
    }
    for (const [mask, after] of nearest) {
      for (let id = 0; id < symbols; id++) {
        if (mask[id] === 1 && after < this.need[id]) this.need[id] = after;
      }
    }
  }

  writeMask(mask: Uint8Array, remaining: number): boolean {
    let some = false;
    for (let id = 0; id < mask.length; id++) {
      const can = this.need[id] <= remaining - 1;
      mask[id] = can ? 1 : 0;
      some ||= can;
    }
    const { end } = this.determinizer;
    if (some && this.accepting && end !== undefined && this.isEnd(end)) mask[end] = 1;
    return some;
  }

  after(id: number): SubsetState | undefined {
    return this.isEnd(id) ? undefined : this.determinizer.follow(this, id);
  }

  /** Whether an id ends the record: a line end does, unless it can be part of a match. */
  private isEnd(id: number): boolean {
    return id === this.determinizer.end && this.need[id] === Number.POSITIVE_INFINITY;
  }
}
