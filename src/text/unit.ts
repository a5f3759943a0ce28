/** The definition of a "character", and the options that normalise a text before it is split into characters. */

export const textUnits = ['char', 'byte'] as const;
/** Unicode code points, or bytes */
export type TextUnit = (typeof textUnits)[number];

/** Units of one side of pairs: Unicode code points, bytes, or symbols separated by blanks, such as phonemes */
export const sideUnits = [...textUnits, 'symbol'] as const;
export type SideUnit = (typeof sideUnits)[number];

/** How the sides of pairs become characters of one vocabulary; see pair-coding.ts. */
export interface PairUnits {
  readonly source: SideUnit;
  readonly target: SideUnit;
  /** Symbols that are not single characters; the one at index i is the character U+F0000 + i. */
  readonly symbols: readonly string[];
  /** `ndjson` if the pairs came as lines of JSON; sources to be converted are then read in this format by default. */
  readonly format?: 'ndjson' | undefined;
}

export const normalForms = ['nfc', 'nfd', 'nfkc', 'nfkd'] as const;
export type NormalForm = (typeof normalForms)[number];

export interface TextOptions {
  readonly unit: TextUnit;
  /** Unicode normal form; undefined leaves the text as it is. It is not allowed with bytes. */
  readonly normalize?: NormalForm | undefined;
  /** Whether carriage returns are kept; otherwise CR LF and a bare CR become LF, with either unit. */
  readonly keepCr: boolean;
  /** The units of pairs; absent for texts, and if `unit` holds for both sides */
  readonly pairs?: PairUnits | undefined;
}

/** A text as ids of its characters, in the narrowest type that can number the vocabulary. */
export type Ids = Uint8Array | Uint16Array | Uint32Array;
