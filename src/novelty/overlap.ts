/**
 * How much of a validation text also stands in the training text: a loss on such a text tells how well it
 * was learnt by heart, not how well the model predicts what it has not seen.
 *
 * Runs of 64 characters at every position of the validation text go into a hash table, and the training
 * text is read past it: at every position where it is short; where it is long, at every 64th, which finds
 * what both have in common in runs of 127 characters or more. So the memory depends on the validation text
 * alone, and a gigabyte takes less than a second. Hashes only propose, the characters decide.
 */
import type { Ids } from '../text/unit.js';

/** Length of a run that both texts must have in common */
export const sharedRun = 64;
/** Of a longer validation text, this many pieces of this many characters are examined, evenly spaced. */
const pieces = 32;
const pieceLength = 4096;
/**
 * In a training text of up to this many characters, the string at every position is looked up; in a longer one, at
 * every n-th.
 */
const maxThorough = 1 << 18;

/**
 * The share of the validation text's characters that lie in a run which the training text has too.
 * @param training ids of the same vocabulary as the validation text's
 * @returns 0 to 1, of pieces of the validation text where it is longer than 131,072 characters
 */
export function sharedFraction(training: Ids, validation: Ids): number {
  const text = sampleOf(validation);
  if (text.length < sharedRun || training.length < sharedRun) return 0;
  const runs = new RunTable(text);
  const perWord = 4 / training.BYTES_PER_ELEMENT;
  if (training.length <= maxThorough) {
    for (let phase = 0; phase < perWord; phase++) {
      runs.findIn(training, wordsFrom(training, phase), phase, 1);
    }
  } else {
    const aligned = training.byteOffset % 4 === 0;
    const words = aligned ? wordsOf(training) : wordsFrom(training, 0);
    runs.findIn(training, words, 0, sharedRun / perWord);
  }
  return runs.coveredFraction();
}

function sampleOf(text: Ids): Ids {
  if (text.length <= pieces * pieceLength) return text;
  const sample = text.slice(0, pieces * pieceLength);
  const spacing = (text.length - pieceLength) / (pieces - 1);
  for (let i = 0; i < pieces; i++) {
    const from = Math.floor(i * spacing);
    sample.set(text.subarray(from, from + pieceLength), i * pieceLength);
  }
  return sample;
}

/** A view of ids as words of 32 bits, several narrow ids in each, so that a string is hashed in few operations. */
function wordsOf(ids: Ids): Uint32Array {
  return new Uint32Array(ids.buffer, ids.byteOffset, Math.floor(ids.byteLength / 4));
}

/** The words that begin at id `first`; if they are not aligned, a copy. */
function wordsFrom(ids: Ids, first: number): Uint32Array {
  return wordsOf(ids.slice(first));
}

/** The hash of `count` words from index `at` on. */
function hashOf(words: Uint32Array, at: number, count: number): number {
  let hash = count;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ words[at + i], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash, 0x85ebca6b);
}

/**
 * A hash table of all strings of a text that have the length of a run, by their first position, which notes which of
 * them were found in another text.
 */
class RunTable {
  /** By slot of the hash table: position + 1 (0 marks a free slot), and the run's hash */
  private readonly positions: Uint32Array;
  private readonly hashes: Int32Array;
  private readonly found: Uint8Array;
  /** A bit for each value of the upper bits of a hash: it rules out most hashes that do not occur */
  private readonly filter: Int32Array;
  private readonly shift: number;

  constructor(private readonly text: Ids) {
    const bits = Math.max(5, Math.ceil(Math.log2(2 * text.length)));
    this.positions = new Uint32Array(2 ** bits);
    this.hashes = new Int32Array(2 ** bits);
    this.found = new Uint8Array(2 ** bits);
    this.filter = new Int32Array((4 * 2 ** bits) / 32);
    this.shift = 32 - bits - 2;
    this.eachRun((position, hash) => {
      const slot = this.slotOf(hash);
      if (this.positions[slot] > 0) return;
      this.positions[slot] = position + 1;
      this.hashes[slot] = hash;
      const bit = hash >>> this.shift;
      this.filter[bit >>> 5] |= 1 << (bit & 31);
    });
  }

  /**
   * Marks the strings that also occur in another text.
   * @param words of the other text, from its id `first` on
   * @param stride number of words between two strings that are looked up
   */
  findIn(other: Ids, words: Uint32Array, first: number, stride: number): void {
    const { filter, shift, positions, found } = this;
    const perWord = 4 / other.BYTES_PER_ELEMENT;
    const count = sharedRun / perWord;
    for (let at = 0; at + count <= words.length; at += stride) {
      const hash = hashOf(words, at, count);
      const bit = hash >>> shift;
      if ((filter[bit >>> 5] & (1 << (bit & 31))) === 0) continue;
      const slot = this.slotOf(hash);
      if (positions[slot] === 0 || found[slot] === 1) continue;
      if (this.isSame(positions[slot] - 1, other, first + at * perWord)) found[slot] = 1;
    }
  }

  /** Fraction of the text that lies in strings that were found. */
  coveredFraction(): number {
    const { text } = this;
    const begins = new Uint8Array(text.length);
    this.eachRun((position, hash) => {
      begins[position] = this.found[this.slotOf(hash)];
    });
    let covered = 0;
    let end = 0;
    for (let position = 0; position < text.length; position++) {
      if (begins[position] === 1) end = position + sharedRun;
      if (position < end) covered++;
    }
    return covered / text.length;
  }

  /** The slot of the string with this hash, or the free slot where it belongs. */
  private slotOf(hash: number): number {
    const { positions, hashes } = this;
    const mask = positions.length - 1;
    let slot = hash & mask;
    while (positions[slot] > 0 && hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  private isSame(position: number, other: Ids, at: number): boolean {
    const { text } = this;
    for (let i = 0; i < sharedRun; i++) if (text[position + i] !== other[at + i]) return false;
    return true;
  }

  private eachRun(take: (position: number, hash: number) => void): void {
    const { text } = this;
    const perWord = 4 / text.BYTES_PER_ELEMENT;
    const count = sharedRun / perWord;
    for (let phase = 0; phase < perWord; phase++) {
      const words = wordsFrom(text, phase);
      for (let at = 0; at + count <= words.length; at++) {
        const position = phase + at * perWord;
        take(position, hashOf(words, at, count));
      }
    }
  }
}
