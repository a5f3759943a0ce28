/** Base64 that is decoded from bytes, compared with Node.js's decoder. */

import { expect, test } from 'vitest';
import { base64Length, readBase64 } from '#charnn/json/base64.js';
import { bytesInMemory } from '#charnn/json/byte-source.js';

/** The bytes that are decoded from a text between quotation marks; undefined if it is not valid */
function decoded(text: string, length: number): Buffer | undefined {
  const source = bytesInMemory(Buffer.from(`"${text}"`, 'latin1'));
  const into = Buffer.alloc(length);
  const span = { start: 0, end: text.length + 2 };
  const isValid = readBase64(source, span, length, (piece, at) => {
    expect(piece.byteOffset % 8).toBe(0);
    if (at + piece.length < length) expect(piece.length % 12).toBe(0);
    into.set(piece, at);
  });
  return isValid ? into : undefined;
}

const bytes = Buffer.from(
  Uint8Array.from({ length: 100_000 }, (_, i) => (i * i * 31 + 7 * i) >> 3),
);

test.each([0, 1, 2, 3, 4, 5, 6, 255, 256, 49_151, 49_152, 49_153, 98_304, 98_305, 100_000])(
  '%i bytes are those that were encoded',
  (length) => {
    const wanted = bytes.subarray(0, length);
    const text = wanted.toString('base64');
    expect(text).toHaveLength(base64Length(length));
    expect(decoded(text, length)?.equals(wanted)).toBe(true);
  },
);

test.each([
  ['a character that base64 has not', 'AA-A'],
  ['a byte that is not ASCII', 'AAAé'],
  ['padding where there must be none', 'AAA='],
])('%s is refused', (_, text) => {
  expect(decoded(text, 3)).toBeUndefined();
});

test('the padding has to be there', () => {
  expect(decoded('AAAA', 2)).toBeUndefined();
  expect(decoded('AA=A', 1)).toBeUndefined();
  expect(decoded('A===', 1)).toBeUndefined();
});

test('an invalid character is found in any piece and at any place of a group', () => {
  const text = bytes.toString('base64');
  for (const at of [0, 1, 2, 3, 65_535, 65_536, text.length - 4, text.length - 3]) {
    const damaged = `${text.slice(0, at)}*${text.slice(at + 1)}`;
    expect(decoded(damaged, bytes.length), `character ${at}`).toBeUndefined();
  }
});
