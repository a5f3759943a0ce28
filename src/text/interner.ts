/**
 * Translates symbols to ids: to those of a given vocabulary, or, if there is none yet, to provisional ids in the order
 * of first appearance.
 */
import type { TextUnit } from './unit.js';
import { alphabetSize, type Vocabulary } from './vocabulary.js';

export interface Interner {
  /** A number larger than every id given out so far */
  readonly size: number;
  /** Replaces each symbol by its id, in place. */
  intern(symbols: Uint32Array): void;
}

/** Translates symbols to the ids of a given vocabulary. */
export class FixedInterner implements Interner {
  readonly size: number;
  unknown = 0;
  /**
   * The id of each symbol up to the last one that is known. A table of all Unicode would take megabytes, which a
   * program that reads many short texts would fill again for each of them.
   */
  private readonly idOf: Uint32Array;

  constructor(vocabulary: Vocabulary) {
    this.size = vocabulary.size;
    const last = vocabulary.symbols.reduce((max, symbol) => Math.max(max, symbol), -1);
    this.idOf = new Uint32Array(last + 1).fill(vocabulary.unknownId);
    vocabulary.symbols.forEach((symbol, id) => {
      this.idOf[symbol] = id;
    });
  }

  intern(symbols: Uint32Array): void {
    const { idOf } = this;
    const unknownId = this.size - 1;
    let unknown = 0;
    for (let i = 0; i < symbols.length; i++) {
      const symbol = symbols[i];
      const id = symbol < idOf.length ? idOf[symbol] : unknownId;
      if (id === unknownId) unknown++;
      symbols[i] = id;
    }
    this.unknown += unknown;
  }
}

/** Gives symbols provisional ids, in the order in which they first appear. */
export class GrowingInterner implements Interner {
  /** The symbols that have occurred so far, by provisional id */
  readonly symbols: number[] = [];
  /** id + 1 for each symbol; 0 for a symbol that has not occurred yet */
  private readonly numberOf: Uint32Array;

  constructor(unit: TextUnit) {
    this.numberOf = new Uint32Array(alphabetSize(unit));
  }

  get size(): number {
    return this.symbols.length;
  }

  intern(symbols: Uint32Array): void {
    const { numberOf } = this;
    for (let i = 0; i < symbols.length; i++) {
      const symbol = symbols[i];
      let number = numberOf[symbol];
      if (number === 0) {
        number = this.symbols.push(symbol);
        numberOf[symbol] = number;
      }
      symbols[i] = number - 1;
    }
  }
}
