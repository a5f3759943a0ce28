/** Parsers of option values. Each throws a message that says what the value must be. */
import { InvalidArgumentError } from 'commander';
import { type Range, ranges } from '../limits.js';
import { quoteText } from '../text/quote.js';
import { encodingNamed, textFormats } from '../text/reading-options.js';

export type Parse<T> = (value: string) => T;

function mustBe(expected: string, value: string): never {
  throw new InvalidArgumentError(`must be ${expected}, not ${quoteText(value)}`);
}

export function integer(from: number, to = Number.MAX_SAFE_INTEGER): Parse<number> {
  return (value) => {
    const number = /^[+-]?\d+(e\d+)?$/i.test(value) ? Number(value) : Number.NaN;
    if (number >= from && number <= to) return number;
    const isTooLarge = number > to || to < Number.MAX_SAFE_INTEGER;
    return mustBe(
      isTooLarge ? `an integer from ${from} to ${to}` : `an integer of at least ${from}`,
      value,
    );
  };
}

/** A number of a range. */
export function real({ expected, holds }: Range): Parse<number> {
  return (value) => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    return holds(number) ? number : mustBe(expected, value);
  };
}

export const positive = real(ranges.positive);
export const notNegative = real(ranges.notNegative);
export const properShare = real(ranges.properShare);
export const decayShare = real(ranges.decayShare);
export const share = real(ranges.share);
export const positiveShare = real(ranges.positiveShare);

/** Values with commas between them */
export function listOf<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (value) => value.split(',').map(parse);
}

export function choice<T extends string>(choices: readonly T[]): Parse<T> {
  return (value) =>
    choices.find((c) => c === value) ?? mustBe(`one of ${choices.join(', ')}`, value);
}

/** `all`, or layers and units: `0:17,1:200` */
export const unitList: Parse<'all' | readonly { layer: number; unit: number }[]> = (value) => {
  if (value === 'all') return value;
  return listOf((part) => {
    const match = /^\s*(\d+):(\d+)\s*$/.exec(part);
    if (match === null) return mustBe('all or a list such as 0:17,1:200', value);
    return { layer: Number(match[1]), unit: Number(match[2]) };
  })(value);
};

const secondsOfUnit: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

/** `90`, `90s`, `3m`, `1.5h`, `1h30m` → seconds */
export const duration: Parse<number> = (value) => {
  const expected = 'a time such as 90s, 3m, 1.5h or 1h30m';
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)([smhd]?)/g)];
  const seconds = parts.reduce((sum, [, n, unit]) => sum + Number(n) * secondsOfUnit[unit], 0);
  const whole = parts.map(([text]) => text).join('') === value;
  return whole && seconds > 0 ? seconds : mustBe(expected, value);
};

export const text: Parse<string> = (value) => value;

/** A label of the WHATWG Encoding Standard → its canonical name */
export const encodingName: Parse<string> = (value) =>
  encodingNamed(value) ??
  mustBe('an encoding such as utf-8, utf-16le, windows-1252, koi8-r, shift_jis or gb18030', value);

export const textFormat: Parse<(typeof textFormats)[number]> = (value) =>
  choice(textFormats)(value === 'jsonl' ? 'ndjson' : value);
