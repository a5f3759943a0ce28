/** Lines that a program gives, and what it learns about them. */

export type InputLine = string | Uint8Array;

export interface LineScore {
  /** Without its end; of a line that was given as bytes, their text */
  readonly line: string;
  /** The mean of its characters, its end included: the higher, the less the model expected it. */
  readonly bitsPerCharacter: number;
  /** Σ of the losses of its characters, its end included */
  readonly nats: number;
  /** Number of its characters, its end included */
  readonly characters: number;
  /** Number of these characters that the model does not know */
  readonly unknown: number;
  /** What each of them cost, with `perChar` */
  readonly bits?: readonly number[] | undefined;
}
