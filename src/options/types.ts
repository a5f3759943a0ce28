/**
 * Types of option values. Each type parses the text of a command line and checks values from programs and files, with
 * the same range and the same words in messages.
 */
import { type Range, ranges } from '../limits.js';
import { nearest, suggestion } from './suggest.js';

export interface ValueType<T> {
  /** The description of a valid value, for messages: `an integer from 1 to 64` */
  readonly expected: string;
  /** The allowed values, if there are only a few */
  readonly choices?: readonly string[];
  /** Some of the allowed values, where there are others, so that a shell can complete them */
  readonly usual?: readonly string[];
  /** The kind of file that the value names, so that a shell can complete it */
  readonly names?: 'file' | 'model';
  /** @throws ValueError when the text is not a valid value */
  parse(text: string): T;
  accepts(value: unknown): value is T;
}

/** A value that its option does not accept. The message says what the value must be; the caller adds the name. */
export class ValueError extends Error {}

function mustBe(expected: string, text: string, hint = ''): never {
  throw new ValueError(`must be ${expected}, not ${JSON.stringify(text)}${hint}`);
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): ValueType<number> {
  const atLeast = `an integer of at least ${min}`;
  const between = `an integer from ${min} to ${max}`;
  const expected = max < Number.MAX_SAFE_INTEGER ? between : atLeast;
  return {
    expected,
    parse(text) {
      const number = /^[+-]?\d+(e\d+)?$/i.test(text) ? Number(text) : Number.NaN;
      if (this.accepts(number)) return number;
      return mustBe(number > max ? between : expected, text);
    },
    accepts: (value): value is number =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A value, or the word `auto` */
export function orAuto(type: ValueType<number>): ValueType<number | 'auto'> {
  const expected = `auto, or ${type.expected}`;
  return {
    expected,
    parse: (given) => {
      if (given.toLowerCase() === 'auto') return 'auto';
      const number = Number(given);
      return type.accepts(number) && given.trim() !== '' ? number : mustBe(expected, given);
    },
    accepts: (value): value is number | 'auto' => value === 'auto' || type.accepts(value),
  };
}

/** A finite number within a range. */
export function real({ expected, holds }: Range): ValueType<number> {
  return {
    expected,
    parse(text) {
      const number = text.trim() === '' ? Number.NaN : Number(text);
      return this.accepts(number) ? number : mustBe(expected, text);
    },
    accepts: (value): value is number =>
      typeof value === 'number' && Number.isFinite(value) && holds(value),
  };
}

/** The type of integers of at least 1 */
export const count = integer(1);
export const positive = real(ranges.positive);
export const notNegative = real(ranges.notNegative);
export const properFraction = real(ranges.properFraction);
export const decayFraction = real(ranges.decayFraction);
export const fraction = real(ranges.fraction);
export const positiveFraction = real(ranges.positiveFraction);

export const text: ValueType<string> = {
  expected: 'a text',
  parse: (given) => given,
  accepts: (value): value is string => typeof value === 'string',
};

/** The path of a file or folder, or `-` for standard input where it may be read */
export const path: ValueType<string> = { ...text, expected: 'a path', names: 'file' };

/** The name of a model's file */
export const modelFile: ValueType<string> = { ...path, names: 'model' };

/** The type of a switch, which has no value on the command line */
export const boolean: ValueType<boolean> = {
  expected: 'true or false',
  parse: (given) => {
    if (given === 'true' || given === 'false') return given === 'true';
    return mustBe('true or false', given);
  },
  accepts: (value): value is boolean => typeof value === 'boolean',
};

/** One of several words; the command line accepts them in upper case, too. */
export function choice<const T extends string>(choices: readonly T[]): ValueType<T> {
  const expected = `one of ${choices.join(', ')}`;
  return {
    expected,
    choices,
    parse(given) {
      const found = choices.find((c) => c.toLowerCase() === given.toLowerCase());
      return found ?? mustBe(expected, given, suggestion(nearest(given, choices)));
    },
    accepts: (value): value is T => choices.some((c) => c === value),
  };
}

/** A list, written with commas between the values */
export function listOf<T>(of: ValueType<T>): ValueType<readonly T[]> {
  return {
    expected: `a list in which each item is ${of.expected}`,
    ...(of.choices && { choices: of.choices }),
    ...(of.names && { names: of.names }),
    parse: (given) => given.split(',').map((part) => of.parse(part)),
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.length > 0 && value.every((part) => of.accepts(part)),
  };
}

/** A list whose option is given repeatedly, once for each of its values */
export function repeated<T>(
  of: ValueType<T>,
): ValueType<readonly T[]> & { readonly each: ValueType<T> } {
  return { ...listOf(of), parse: (given) => [of.parse(given)], each: of };
}

/** One value or a list of them; the command line parses either as a list. */
export function oneOrMore<T, List extends ValueType<readonly T[]>>(
  of: ValueType<T>,
  list: List,
): Omit<List, keyof ValueType<T>> & ValueType<T | readonly T[]> {
  return {
    ...list,
    expected: `${of.expected}, or a list of such values`,
    accepts: (value): value is T | readonly T[] => of.accepts(value) || list.accepts(value),
  };
}

/** The values of an option that takes one or more */
export function listed<T extends string | number>(
  given: T | readonly T[] | undefined,
): readonly T[] {
  if (given === undefined) return [];
  return typeof given === 'object' ? given : [given];
}

const secondsOfUnit: readonly (readonly [RegExp, number])[] = [
  [/^(s|secs?|seconds?)?$/, 1],
  [/^(m|mins?|minutes?)$/, 60],
  [/^(h|hrs?|hours?)$/, 3600],
  [/^(d|days?)$/, 86_400],
];

const aTime = 'a time such as 90s, 3m, 1.5h or 1h30m';

/**
 * `90`, `90s`, `3m`, `1min`, `1.5h`, `1h30m`: the command line converts these to seconds, a program may pass either.
 */
export const duration: ValueType<number | string> = {
  expected: aTime,
  parse: (given) => secondsIn(given) ?? mustBe(aTime, given),
  accepts: (value): value is number | string =>
    typeof value === 'string' ? secondsIn(value) !== undefined : positive.accepts(value),
};

/** The seconds of a duration, which `duration` has accepted. */
export function secondsOf(time: number | string): number {
  return typeof time === 'number' ? time : (secondsIn(time) ?? mustBe(aTime, time));
}

function secondsIn(given: string): number | undefined {
  const parts = [...given.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/gi)];
  if (parts.map(([part]) => part).join('') !== given.trim()) return undefined;
  let seconds = 0;
  for (const [, number, unit] of parts) {
    const known = secondsOfUnit.find(([names]) => names.test(unit.toLowerCase()));
    if (known === undefined) return undefined;
    seconds += Number(number) * known[1];
  }
  return positive.accepts(seconds) ? seconds : undefined;
}
