/**
 * The characters that a model knows, numbered in ascending order of code point or byte value, and the unknown symbol,
 * which has the last id. Rare characters become the unknown symbol, characters that the model has never seen are read
 * as it, and it is never sampled.
 */
import { CharnnError } from '../errors.js';
import { jsonText } from '../messages/quote.js';
import { symbolsOf, textOf } from './code-points.js';
import { newIds } from './ids.js';
import type { Ids, TextUnit } from './unit.js';

const replacementCharacter = 0xfffd;
const questionMark = 0x3f;

/** The number of different symbols that a unit has */
export function alphabetSize(unit: TextUnit): number {
  return unit === 'char' ? 0x110000 : 0x100;
}

/** Number of code points that are not characters, being the halves of surrogate pairs */
const surrogates = 0x800;

/**
 * Number of UTF-16 units converted to ids at once: all code points of a long text would take four times the memory of
 * its ids.
 */
const step = 1 << 16;

const utf8 = new TextEncoder();

/** The unknown symbol of a vocabulary: its id, and the cost of telling which character it stands for. */
export type UnknownSymbol = Pick<Vocabulary, 'unknownId' | 'unknownCost'>;

export class Vocabulary {
  private readonly idOf: ReadonlyMap<number, number>;

  private constructor(
    readonly unit: TextUnit,
    /** Code points or byte values, ascending; a symbol's index is its id. */
    readonly symbols: readonly number[],
  ) {
    this.idOf = new Map(symbols.map((symbol, id) => [symbol, id]));
  }

  /** @param symbols code points or byte values, in any order */
  static of(unit: TextUnit, symbols: Iterable<number>): Vocabulary {
    return new Vocabulary(
      unit,
      [...new Set(symbols)].sort((a, b) => a - b),
    );
  }

  /** A vocabulary of the symbols that occur at least `minCount` times. */
  static fromCounts(
    unit: TextUnit,
    counts: Iterable<readonly [symbol: number, count: number]>,
    minCount: number,
  ): Vocabulary {
    const kept: number[] = [];
    for (const [symbol, count] of counts) if (count >= minCount) kept.push(symbol);
    return Vocabulary.of(unit, kept);
  }

  /** V: the number of symbols, including the unknown one */
  get size(): number {
    return this.symbols.length + 1;
  }

  get unknownId(): number {
    return this.symbols.length;
  }

  /**
   * How many characters the unknown symbol may stand for, at least 1: all 1,112,064 Unicode scalar values, or all 256
   * bytes, except those in the vocabulary. Code points that Unicode has not assigned count as well, so that the number
   * does not change with the version of Unicode.
   */
  get unknownCharacters(): number {
    const all = this.unit === 'char' ? alphabetSize('char') - surrogates : alphabetSize('byte');
    return Math.max(1, all - this.symbols.length);
  }

  /**
   * What a character outside the vocabulary costs in addition to the unknown symbol, in nats. The symbol's probability
   * is divided evenly among the characters that it may stand for, so this is the logarithm of their number. It is added
   * wherever a text is measured.
   */
  get unknownCost(): number {
    return Math.log(this.unknownCharacters);
  }

  /** How many of the ids are the unknown symbol. */
  countUnknown(ids: Ids): number {
    const { unknownId } = this;
    let count = 0;
    for (let i = 0; i < ids.length; i++) if (ids[i] === unknownId) count++;
    return count;
  }

  /** The id of a code point or byte value, or the unknown id. */
  id(symbol: number): number {
    return this.idOf.get(symbol) ?? this.unknownId;
  }

  /**
   * Ids of a text, which is not normalised here (see `prepareText`). A vocabulary of characters reads a lone surrogate
   * as the unknown symbol; one of bytes reads it as the bytes of U+FFFD.
   * @param text a string; or bytes: UTF-8, or for a vocabulary of bytes any bytes
   * @returns the ids, and how many of them are the unknown symbol
   */
  encode(text: string | Uint8Array): { ids: Ids; unknown: number } {
    if (this.unit === 'byte') {
      const bytes = typeof text === 'string' ? utf8.encode(text) : text;
      const ids = newIds(this.size, bytes.length);
      return { ids, unknown: this.translate(bytes, ids) };
    }
    const string = typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    const ids = newIds(this.size, string.length);
    const room = new Uint32Array(Math.min(string.length, step));
    let [count, unknown] = [0, 0];
    for (let from = 0; from < string.length; ) {
      let to = Math.min(from + step, string.length);
      // a piece never ends between the halves of a surrogate pair
      if (to < string.length && (string.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--;
      const symbols = symbolsOf(string.slice(from, to), room);
      unknown += this.translate(symbols, ids.subarray(count));
      count += symbols.length;
      from = to;
    }
    return { ids: ids.subarray(0, count), unknown };
  }

  /** Writes the ids of symbols. @returns how many of the symbols are unknown */
  private translate(symbols: Uint32Array | Uint8Array, ids: Ids): number {
    let unknown = 0;
    for (let i = 0; i < symbols.length; i++) {
      const id = this.id(symbols[i]);
      if (id === this.unknownId) unknown++;
      ids[i] = id;
    }
    return unknown;
  }

  /** The text of ids; in a vocabulary of characters the unknown symbol becomes U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    if (this.unit === 'byte') return Buffer.from(this.decodeBytes(ids)).toString('utf8');
    return textOf(this.symbolsOf(ids, new Uint32Array(ids.length), replacementCharacter));
  }

  /** The bytes of ids: UTF-8 for characters; for bytes the bytes themselves, with `?` for the unknown symbol. */
  decodeBytes(ids: ArrayLike<number>): Uint8Array {
    if (this.unit === 'char') return Buffer.from(this.decode(ids), 'utf8');
    return this.symbolsOf(ids, new Uint8Array(ids.length), questionMark);
  }

  /** Writes the symbols of ids into a list. */
  private symbolsOf<List extends Uint32Array | Uint8Array>(
    ids: ArrayLike<number>,
    into: List,
    unknown: number,
  ): List {
    const { symbols } = this;
    for (let i = 0; i < ids.length; i++) into[i] = symbols[ids[i]] ?? unknown;
    return into;
  }

  /**
   * For each id, the id of the same symbol in an older vocabulary of the same unit, or -1; the unknown symbols
   * correspond to each other.
   */
  mapFrom(older: Vocabulary): Int32Array {
    const map = new Int32Array(this.size);
    this.symbols.forEach((symbol, id) => {
      map[id] = older.idOf.get(symbol) ?? -1;
    });
    map[this.unknownId] = older.unknownId;
    return map;
  }

  toJSON(): { unit: TextUnit; symbols: string[] | number[] } {
    const { unit, symbols } = this;
    if (unit === 'byte') return { unit, symbols: [...symbols] };
    return { unit, symbols: symbols.map((symbol) => String.fromCodePoint(symbol)) };
  }

  /**
   * Makes a vocabulary from its JSON value.
   * @param where names the value in messages
   * @throws CharnnError naming the field that is wrong
   */
  static fromJSON(value: unknown, where: string): Vocabulary {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new CharnnError(`${where} must be an object, not ${show(value)}`);
    }
    const { unit, symbols } = value as { unit?: unknown; symbols?: unknown };
    const check = (right: boolean, field: string, expected: string, found: unknown): void => {
      if (right) return;
      throw new CharnnError(`${where}.${field} must be ${expected}, not ${show(found)}`);
    };
    check(unit === 'char' || unit === 'byte', 'unit', 'char or byte', unit);
    check(Array.isArray(symbols), 'symbols', 'a list', symbols);
    const list = symbols as readonly unknown[];
    const maxSize = alphabetSize(unit as TextUnit);
    const sized = list.length >= 1 && list.length <= maxSize;
    check(sized, 'symbols', `a list of 1 to ${maxSize} symbols`, list.length);
    const expected = unit === 'char' ? 'one character' : 'an integer from 0 to 255';
    const numbers = list.map((symbol, i) => {
      const number = symbolFromJson(unit as TextUnit, symbol);
      check(number !== undefined, `symbols[${i}]`, expected, symbol);
      return number as number;
    });
    for (let i = 1; i < numbers.length; i++) {
      const rises = numbers[i] > numbers[i - 1];
      check(rises, `symbols[${i}]`, 'above the symbol before it (the list must ascend)', list[i]);
    }
    return new Vocabulary(unit as TextUnit, numbers);
  }
}

/** The symbol for a JSON value: a string of one character, or a byte as a number; undefined for any other value */
export function symbolFromJson(unit: TextUnit, value: unknown): number | undefined {
  return unit === 'char' ? singleCodePoint(value) : byteValue(value);
}

function singleCodePoint(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const code = value.codePointAt(0);
  if (code === undefined || String.fromCodePoint(code) !== value) return undefined;
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return isSurrogate ? undefined : code;
}

function byteValue(value: unknown): number | undefined {
  const isByte = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
  return isByte ? (value as number) : undefined;
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = jsonText(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
