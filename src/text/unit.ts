/** The definition of a "character", and the options that normalise a text before it is split into characters. */

export const textUnits = ['char', 'byte'] as const;
/** Unicode code points, or bytes */
export type TextUnit = (typeof textUnits)[number];

export const normalForms = ['nfc', 'nfd', 'nfkc', 'nfkd'] as const;
export type NormalForm = (typeof normalForms)[number];

export interface TextOptions {
  readonly unit: TextUnit;
  /** Unicode normal form; undefined leaves the text as it is. It is not allowed with bytes. */
  readonly normalize?: NormalForm | undefined;
  /** Whether carriage returns are kept; otherwise CR LF and a bare CR become LF, with either unit. */
  readonly keepCr: boolean;
}

/** A text as ids of its characters, in the narrowest type that can number the vocabulary. */
export type Ids = Uint8Array | Uint16Array | Uint32Array;
