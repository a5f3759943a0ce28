/** Decodes base64 straight from a file's bytes. */
import type { ByteSource } from './byte-source.js';
import type { Span } from './scan.js';

/** Number of characters read at once: a multiple of 4, the length of a base64 group */
const pieceCharacters = 1 << 16;

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
/**
 * By character code: the six bits for which the character stands, shifted to where they belong in the 24 bits of a
 * group, for each of its four characters. An invalid character has a negative number.
 */
const bitsByCharacter = [18, 12, 6, 0].map((shift) => {
  const table = new Int32Array(256).fill(-1);
  alphabet.forEach((character, bits) => {
    table[character] = bits << shift;
  });
  return table;
});
const padding = '='.charCodeAt(0);

/**
 * Decodes a JSON string of base64. It is not turned into a string, because the garbage of one load after another would
 * make the JavaScript heap grow.
 * @param span the position of the string, with its quotation marks
 * @param length number of bytes; the string has exactly the characters that they need (`base64Length`)
 * @param take is passed the bytes in pieces, each valid until it returns, with the position of the first one; all pieces
 * but the last have a multiple of 12 bytes, and they begin at a multiple of 8 in memory
 * @returns whether the string is valid
 */
export function readBase64(
  source: ByteSource,
  { start, end }: Span,
  length: number,
  take: (piece: Uint8Array, at: number) => void,
): boolean {
  const [first, last] = [start + 1, end - 1];
  const piece = Buffer.allocUnsafe(Math.min(pieceCharacters, last - first));
  const decoded = new Uint8Array((piece.length / 4) * 3);
  let done = 0;
  for (let at = first; at < last; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, last - at));
    source.read(part, at);
    const count = Math.min((part.length / 4) * 3, length - done);
    const groups = Math.floor(count / 3);
    if (!decodeGroups(part, groups, decoded)) return false;
    const isCut = 3 * groups < count;
    if (isCut && !decodeLast(part.subarray(4 * groups), decoded.subarray(3 * groups, count))) {
      return false;
    }
    take(decoded.subarray(0, count), done);
    done += count;
  }
  return true;
}

/** Number of characters of base64 for a number of bytes, padding included */
export function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Decodes groups of four characters, each to three bytes. */
function decodeGroups(from: Uint8Array, groups: number, into: Uint8Array): boolean {
  const [first, second, third, fourth] = bitsByCharacter;
  // an invalid character makes the union of all groups negative
  let union = 0;
  for (let i = 0, k = 0; i < 4 * groups; i += 4, k += 3) {
    const bits = first[from[i]] | second[from[i + 1]] | third[from[i + 2]] | fourth[from[i + 3]];
    union |= bits;
    into[k] = bits >> 16;
    into[k + 1] = bits >> 8;
    into[k + 2] = bits;
  }
  return union >= 0;
}

/** Decodes the last group, which has one or two characters of padding, to two bytes or one. */
function decodeLast(group: Uint8Array, into: Uint8Array): boolean {
  const count = into.length + 1;
  if (group.length !== 4 || group.subarray(count).some((x) => x !== padding)) return false;
  const whole = Uint8Array.of(0, 0, 0);
  const filled = group.map((x, i) => (i < count ? x : 'A'.charCodeAt(0)));
  if (!decodeGroups(filled, 1, whole)) return false;
  into.set(whole.subarray(0, into.length));
  return true;
}
