/**
 * Finds how much of a validation text also occurs in the training text. A loss on such text shows how well it was
 * memorised, not how well the model predicts what it has not seen.
 *
 * All strings of 64 characters in the validation text go into a hash table, and those of the training text are looked
 * up in it: at every position if the training text is short, otherwise at every 64th, which finds common strings of 127
 * characters or more. So the memory depends only on the validation text, and a gigabyte takes less than a second. Equal
 * hashes are confirmed by comparing the characters.
 */
import { type IdList, idsInMemory, isInMemory } from '../text/id-list.js';
import type { Ids } from '../text/unit.js';

/** Length of a string that both texts must have in common */
export const sharedRun = 64;
/**
 * If the validation text is longer than all pieces together, evenly spaced pieces are examined: this number of pieces,
 * each with this number of characters.
 */
const pieces = 32;
const pieceLength = 4096;
/**
 * In a training text of up to this many characters, the string at every position is looked up; in a longer one, only
 * the string at every 64th position.
 */
const maxThorough = 1 << 18;

/**
 * The fraction of the validation text's characters that lie in a string which also occurs in the training text.
 * @param training in ids of the same vocabulary as the validation text
 * @returns 0 to 1, computed from pieces of the validation text if it is longer than 131,072 characters
 */
export function sharedFraction(training: IdList, validation: Ids): number {
  const text = sampleOf(validation);
  if (text.length < sharedRun || training.length < sharedRun) return 0;
  const runs = new RunTable(text);
  const perWord = 4 / training.BYTES_PER_ELEMENT;
  if (training.length <= maxThorough) {
    const ids = idsInMemory(training);
    for (let phase = 0; phase < perWord; phase++) {
      runs.findIn(ids, wordsFrom(ids, phase), phase, 1);
    }
  } else {
    for (const ids of partsOf(training)) {
      const aligned = ids.byteOffset % 4 === 0;
      const words = aligned ? wordsOf(ids) : wordsFrom(ids, 0);
      runs.findIn(ids, words, 0, sharedRun / perWord);
    }
  }
  return runs.coveredFraction();
}

/** Number of ids that are read from a file at once: a multiple of `sharedRun`, the length of the strings looked up */
const partLength = sharedRun << 14;

/** A text in memory as a whole, and one in a file in parts; no string that is looked up extends over two parts */
function* partsOf(text: IdList): Generator<Ids> {
  if (isInMemory(text)) {
    yield text;
    return;
  }
  for (let from = 0; from < text.length; from += partLength) {
    yield text.slice(from, from + partLength);
  }
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

/** A view of ids as 32-bit words, several narrow ids in each, so that a string is hashed in few operations. */
function wordsOf(ids: Ids): Uint32Array {
  return new Uint32Array(ids.buffer, ids.byteOffset, Math.floor(ids.byteLength / 4));
}

/** The ids from index `first` on as 32-bit words (see `wordsOf`), copied so that the words are aligned in memory. */
function wordsFrom(ids: Ids, first: number): Uint32Array {
  return wordsOf(ids.slice(first));
}

/** The hash of `count` 32-bit words of ids, beginning with the word at index `at`. */
function hashOf(words: Uint32Array, at: number, count: number): number {
  let hash = count;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ words[at + i], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash, 0x85ebca6b);
}

/**
 * A hash table of all strings of a text that have `sharedRun` characters, each with a position at which it occurs. It
 * records which of them were found in another text.
 */
class RunTable {
  /** By slot of the hash table: position + 1 (0 marks a free slot), and the string's hash */
  private readonly positions: Uint32Array;
  private readonly hashes: Int32Array;
  private readonly found: Uint8Array;
  /** A bit for each value of a hash's upper bits, which rules out most hashes that do not occur */
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
   * Marks the strings of this text that also occur in another text.
   * @param words the other text as 32-bit words (see `wordsOf`), beginning at its id `first`
   * @param stride how many words further on the next string to be looked up begins
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

  /** Fraction of the text's characters that lie in strings which `findIn` has found in another text. */
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
