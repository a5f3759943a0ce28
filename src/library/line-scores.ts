/** Lines that a program gives, and what it learns about them. */

export type InputLine = string | Uint8Array;

export interface LineScore {
  /** The line without its end; of a line that was given as bytes, their text */
  readonly line: string;
  /** Mean over its characters, its end included: the higher, the less the model expected the line */
  readonly bitsPerCharacter: number;
  /** Σ of the losses of its characters, its end included */
  readonly nats: number;
  /** Number of its characters, its end included */
  readonly characters: number;
  /** Number of these characters that the model does not know */
  readonly unknown: number;
  /** Bits that each of its characters cost; only with `perChar` */
  readonly bits?: readonly number[] | undefined;
}
