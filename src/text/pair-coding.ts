/**
 * Units of pairs. A text of pairs has one vocabulary, of characters, in which each side is written by its unit:
 *
 *     char     unchanged
 *     byte     each byte of its UTF-8 as the character with that number
 *     symbol   each symbol between blanks as one character: itself if it is a single character, otherwise a private-use
 *              character, U+F0000 for the first such symbol, U+F0001 for the second, and so on
 *
 * Source and target cannot be confused, because the network has separate embeddings for them.
 */
import { CharnnError, optionName } from '../errors.js';
import type { PairUnits, SideUnit, TextOptions } from './unit.js';

export type Side = 'source' | 'target';
type Wanted = Readonly<Record<Side, SideUnit | 'auto'>>;

/** The byte `?`, which is written in place of a character that is not a byte */
const questionMark = 0x3f;
/** The private-use character that stands for the first symbol of several characters */
const firstSymbol = 0xf0000;
/** Max number of symbols that are not single characters: nearly as many as there are private-use characters for them */
export const maxSymbols = 0xfff0;
/** Stands for an unknown symbol. It is in no vocabulary, because it is never counted as a symbol. */
const unknownSymbol = String.fromCodePoint(firstSymbol + maxSymbols);

export class PairCoding {
  private readonly characters = new Map<string, string>();
  private readonly symbols: string[] = [];
  private wanted: Wanted;
  private format: 'ndjson' | undefined;

  private constructor(
    wanted: Wanted,
    symbols: readonly string[],
    private readonly isGrowing: boolean,
  ) {
    this.wanted = wanted;
    for (const symbol of symbols) this.add(symbol);
  }

  /** The coding of a model: symbols that it does not have are unknown. */
  static of(units: PairUnits): PairCoding {
    return new PairCoding(units, units.symbols, false);
  }

  /**
   * A coding that adds symbols when they first occur.
   * @param wanted the units; `auto` is decided by the pairs
   * @param symbols the symbols of an earlier model that is trained further
   */
  static growing(wanted: Wanted, symbols: readonly string[] = []): PairCoding {
    return new PairCoding(wanted, symbols, true);
  }

  get isDecided(): boolean {
    return this.wanted.source !== 'auto' && this.wanted.target !== 'auto';
  }

  /**
   * Decides the units that are still `auto`: symbols if a side consists of a few short symbols separated by blanks,
   * otherwise characters.
   */
  decide(pairs: Readonly<Record<Side, readonly string[]>>): void {
    const decided = (side: Side) => {
      if (this.wanted[side] !== 'auto') return this.wanted[side];
      return areSymbols(pairs[side]) ? 'symbol' : 'char';
    };
    this.wanted = { source: decided('source'), target: decided('target') };
  }

  unit(side: Side): SideUnit {
    const unit = this.wanted[side];
    return unit === 'auto' ? 'char' : unit;
  }

  /** Notes the format in which the pairs came, if a model is to record it. */
  comeAs(format: string): void {
    if (this.isGrowing) this.format = format === 'ndjson' ? format : undefined;
  }

  /**
   * What a model records about the coding: the units of both sides, the symbols so far, and the format if it is ndjson;
   * undefined if both sides consist of characters and came in another format
   */
  get units(): PairUnits | undefined {
    const [source, target] = [this.unit('source'), this.unit('target')];
    const { format } = this;
    if (source === 'char' && target === 'char' && format === undefined) return undefined;
    return { source, target, symbols: [...this.symbols], ...(format && { format }) };
  }

  /** The characters that stand for a side: one for each unit, and none of them a tab or a line end */
  encode(side: Side, text: string): string {
    switch (this.unit(side)) {
      case 'char':
        return text;
      case 'byte':
        return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(
          '',
        );
      case 'symbol':
        return this.partsOf(side, text)
          .map((symbol) => this.characterOf(symbol))
          .join('');
    }
  }

  /**
   * The bytes that the characters of a side stand for. In a side of bytes, a character that is not a byte becomes `?`.
   */
  decode(side: Side, characters: string): Uint8Array {
    switch (this.unit(side)) {
      case 'char':
        return new TextEncoder().encode(characters);
      case 'byte':
        return Uint8Array.from(Array.from(characters), (character) => {
          const code = character.codePointAt(0) as number;
          return code > 0xff ? questionMark : code;
        });
      case 'symbol':
        return new TextEncoder().encode(Array.from(characters, (c) => this.symbolOf(c)).join(' '));
    }
  }

  /** The units in a side of a pair: its symbols, which blanks separate, or its characters */
  partsOf(side: Side, text: string): string[] {
    if (this.unit(side) !== 'symbol') return Array.from(text);
    return text.split(/\s+/u).filter((symbol) => symbol !== '');
  }

  private characterOf(symbol: string): string {
    if (isCharacter(symbol)) return symbol;
    const known = this.characters.get(symbol);
    if (known !== undefined) return known;
    return this.isGrowing ? this.add(symbol) : unknownSymbol;
  }

  private symbolOf(character: string): string {
    return this.symbols[(character.codePointAt(0) as number) - firstSymbol] ?? character;
  }

  private add(symbol: string): string {
    if (this.symbols.length === maxSymbols) {
      throw new CharnnError(
        `the pairs have more than ${maxSymbols} different symbols separated by blanks: give ${optionName('sourceUnit', 'char')} or ${optionName('targetUnit', 'char')}`,
      );
    }
    const character = String.fromCodePoint(firstSymbol + this.symbols.length);
    this.symbols.push(symbol);
    this.characters.set(symbol, character);
    return character;
  }
}

const characters: PairUnits = { source: 'char', target: 'char', symbols: [] };

/** The coding for the pairs of a model, or of a resumed training run */
export function codingOf({ pairs = characters }: TextOptions): PairCoding {
  return PairCoding.of(pairs);
}

/** What a character of a vocabulary stands for: itself or, in a vocabulary of pairs, perhaps a longer symbol */
export function symbolName(character: number, { pairs = characters }: TextOptions): string {
  return pairs.symbols[character - firstSymbol] ?? String.fromCodePoint(character);
}

/** Whether a symbol is a single character, other than the private-use characters that stand for longer symbols */
function isCharacter(symbol: string): boolean {
  const code = symbol.codePointAt(0) as number;
  return code < firstSymbol && symbol.length === (code > 0xffff ? 2 : 1);
}

/** Max number of different symbols in a side that is recognised as symbols */
const maxDifferent = 256;
/** Max length of a symbol in a side that is recognised as symbols */
const maxLength = 6;
/** Min number of times that a symbol occurs, on average, in a side that is recognised as symbols */
const minOccurrences = 10;

/** Whether texts consist of a few short symbols separated by blanks, such as phonemes, but not numbers or words. */
function areSymbols(texts: readonly string[]): boolean {
  const different = new Set<string>();
  let [count, several] = [0, 0];
  for (const text of texts) {
    const symbols = text.split(' ').filter((symbol) => symbol !== '');
    count += symbols.length;
    if (symbols.length > 1) several++;
    for (const symbol of symbols) {
      if (symbol.length > maxLength || /^\d{2,}$/.test(symbol)) return false;
      different.add(symbol);
    }
    if (different.size > maxDifferent) return false;
  }
  return several * 2 > texts.length && count >= minOccurrences * different.size;
}
