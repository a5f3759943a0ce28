/** Lines that a program passes for scoring, and the results for each. */

export type InputLine = string | Uint8Array;

export interface LineScore {
  /** The line without its line end; if it was given as bytes, decoded to text */
  readonly line: string;
  /**
   * Mean cost of the line's characters in bits, including the line end; the higher it is, the less the model expected
   * the line
   */
  readonly bitsPerCharacter: number;
  /** Sum of the losses of the line's characters in nats, including the line end */
  readonly nats: number;
  /** Number of characters of the line, including the line end */
  readonly characters: number;
  /** Number of characters of the line that the model does not know */
  readonly unknown: number;
  /** The bits that each character of the line costs; only with `perChar` */
  readonly bits?: readonly number[] | undefined;
}
