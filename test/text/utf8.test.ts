import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Utf8Decoder } from '#charnn/text/utf8.js';

function decode(...pieces: Uint8Array[]): string {
  const decoder = new Utf8Decoder('a.txt');
  let text = '';
  for (const piece of pieces) {
    const symbols = new Uint32Array(piece.length + 1);
    const count = decoder.push(piece, symbols);
    for (const symbol of symbols.subarray(0, count)) text += String.fromCodePoint(symbol);
  }
  decoder.end(new Uint32Array(1));
  return text;
}

function repair(invalid: 'replace' | 'skip', ...pieces: Uint8Array[]): string {
  const decoder = new Utf8Decoder('a.txt', invalid);
  const symbols: number[] = [];
  for (const piece of pieces) {
    const into = new Uint32Array(piece.length + 1);
    symbols.push(...into.subarray(0, decoder.push(piece, into)));
  }
  const last = new Uint32Array(1);
  symbols.push(...last.subarray(0, decoder.end(last)));
  return symbols.map((symbol) => String.fromCodePoint(symbol)).join('');
}

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

test('every code point of Unicode comes through', () => {
  let text = '';
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code < 0xd800 || code > 0xdfff) text += String.fromCodePoint(code);
  }
  expect(decode(Buffer.from(text)) === text).toBe(true);
});

test('a text may be cut anywhere, inside characters too', () => {
  const text = 'aé한👩‍👩‍👧\u{10ffff}\0z';
  const bytes = Buffer.from(text);
  for (let i = 0; i <= bytes.length; i++) {
    for (let k = i; k <= bytes.length; k++) {
      expect(decode(bytes.subarray(0, i), bytes.subarray(i, k), bytes.subarray(k))).toBe(text);
    }
  }
  expect(decode(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(text);
});

test('a byte order mark is dropped at the start only, wherever it is cut', () => {
  const bytes = Buffer.from('\ufeffa\ufeffb');
  for (let i = 0; i <= bytes.length; i++) {
    expect(decode(bytes.subarray(0, i), bytes.subarray(i))).toBe('a\ufeffb');
  }
});

test('what is accepted is what the fatal TextDecoder accepts', () => {
  const reference = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let lead = 0x80; lead <= 0xff; lead++) {
    for (const second of edges) {
      for (const tail of [[], [0x80], [0xbf, 0x80], [0x80, 0x41], [0xbf, 0xbf, 0x41]]) {
        const bytes = Uint8Array.of(0x41, lead, second, ...tail);
        const ours = message(() => decode(bytes)) === 'no error';
        const theirs = message(() => reference.decode(bytes)) === 'no error';
        expect([...bytes, ours]).toEqual([...bytes, theirs]);
      }
    }
  }
});

test.each([
  ['a stray continuation byte', [0x61, 0x62, 0x80], 'is not valid UTF-8 at byte 2 (0x80)'],
  ['Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x20, 0x61], 'is not valid UTF-8 at byte 3 (0xe9)'],
  ['the start of a broken sequence', [0xed, 0x95, 0x9c, 0xf0, 0x9f, 0x41], 'at byte 3 (0xf0)'],
  ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 'is not valid UTF-8 at byte 1 (0xed)'],
  ['a form longer than needed', [0x61, 0xc0, 0xaf], 'is not valid UTF-8 at byte 1 (0xc0)'],
  ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80], 'is not valid UTF-8 at byte 0 (0xf4)'],
  ['the end inside a character', [0x61, 0xed, 0x95], 'ends inside a UTF-8 character at byte 1'],
])('an error names the byte where the fault begins: %s', (_, bytes, expected) => {
  const whole = Uint8Array.from(bytes);
  const said = message(() => decode(whole));
  expect(said).toContain(
    `a.txt ${expected.startsWith('at') ? 'is not valid UTF-8 ' : ''}${expected}`,
  );
  expect(said).toContain('encoding');
  expect(said).toContain('invalid replace');
  expect(said).toContain('unit byte');
  for (let i = 1; i < bytes.length; i++) {
    expect(message(() => decode(whole.subarray(0, i), whole.subarray(i)))).toBe(said);
  }
});

test('the position counts from the start of the file, over many pieces', () => {
  const pieces = Array.from({ length: 100 }, () => Buffer.from('한글'));
  expect(message(() => decode(...pieces, Uint8Array.of(0x61, 0xff)))).toContain(
    'at byte 601 (0xff)',
  );
});

test('faults are replaced or left out as TextDecoder does it, wherever the text is cut', () => {
  const reference = new TextDecoder('utf-8', { ignoreBOM: true });
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => Uint8Array.from(Buffer.from(text))),
  );
  const bytesAndCut = fc.tuple(fc.array(piece, { maxLength: 6 }), fc.nat(40));
  fc.assert(
    fc.property(bytesAndCut, ([pieces, cut]) => {
      const bytes = Buffer.concat([Buffer.from('a'), ...pieces]);
      const expected = reference.decode(bytes);
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(repair('replace', ...parts)).toBe(expected);
      if (!bytes.includes('\ufffd')) {
        expect(repair('skip', ...parts)).toBe(expected.replaceAll('\ufffd', ''));
      }
    }),
  );
});
