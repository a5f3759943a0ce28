/**
 * The form of n-grams while a text is counted. An n-gram is a 64-bit number: the characters of its context read
 * backwards, except the latest one, and then the character that followed.
 */

/** Max number of characters of a context */
export const maxContext = 12;
const keyBits = 64;
/** Min number of bits of the characters before a position by which positions are grouped */
export const groupBits = 16;
/** Max number of characters before a position that are read for its n-gram; a character has at least one bit. */
export const reach = Math.max(maxContext, groupBits);

/**
 * How the characters of an n-gram are packed into its number: each as its id plus 1, because 0 stands for a position
 * before the beginning of the text.
 */
export class NgramLayout {
  /** Bits per character */
  readonly bits: number;
  readonly mask: number;

  /**
   * @param vocabulary V, the number of characters
   * @param context N, the number of characters of the longest context: at most `maxContextFor(vocabulary)`
   */
  constructor(
    vocabulary: number,
    readonly context: number,
  ) {
    if (context > maxContextFor(vocabulary)) throw new Error(`contexts of ${context} are too long`);
    this.bits = bitsFor(vocabulary);
    this.mask = 2 ** this.bits - 1;
  }

  /**
   * Unpacks one character: `back` 0 is the one that followed, `back` of 2 or more is the context's character that many
   * positions back.
   */
  symbol(high: number, low: number, back: number): number {
    const { bits, mask } = this;
    const shift = back === 0 ? 0 : (this.context + 1 - back) * bits;
    if (shift >= 32) return (high >>> (shift - 32)) & mask;
    if (shift + bits <= 32) return (low >>> shift) & mask;
    return ((low >>> shift) | (high << (32 - shift))) & mask;
  }
}

function bitsFor(vocabulary: number): number {
  return 32 - Math.clz32(vocabulary);
}

/** The longest context that can be counted in a vocabulary of this size. */
export function maxContextFor(vocabulary: number): number {
  return Math.min(maxContext, Math.floor(keyBits / bitsFor(vocabulary)));
}

/**
 * Called for each different n-gram.
 * @param latest id of the context's latest character, plus 1; 0 at the beginning of the text
 * @param high upper half of the n-gram's number
 * @param low lower half
 */
export type RunListener = (latest: number, high: number, low: number, count: number) => void;
