import { expect, test } from 'vitest';
import { prepareText, TextDecoding } from '#charnn/text/decode.js';
import { isBoundary, maxRunLength } from '#charnn/text/normalize.js';
import { normalForms, type TextOptions } from '#charnn/text/unit.js';

const plain: TextOptions = { unit: 'char', keepCr: false };

function symbols(options: TextOptions, pieces: readonly Uint8Array[]): number[] {
  const decoding = new TextDecoding(options, 'a.txt');
  return [...pieces.flatMap((piece) => [...decoding.push(piece)]), ...decoding.end()];
}

function decode(options: TextOptions, ...pieces: Uint8Array[]): string {
  return String.fromCodePoint(...symbols(options, pieces));
}

/** Every way to cut bytes in two, and into single bytes. */
function cuts(text: string | Uint8Array): Uint8Array[][] {
  const bytes = Buffer.from(text);
  const inTwo = Array.from({ length: bytes.length + 1 }, (_, i) => [
    bytes.subarray(0, i),
    bytes.subarray(i),
  ]);
  return [...inTwo, Array.from(bytes, (byte) => Uint8Array.of(byte))];
}

test('CR LF and bare CR become LF wherever the text is cut', () => {
  for (const pieces of cuts('a\r\nb\rc\r\r\nd\n\re\r\n\r\n\r')) {
    expect(decode(plain, ...pieces)).toBe('a\nb\nc\n\nd\n\ne\n\n\n');
  }
});

test('with keepCr line ends stay as they are', () => {
  const text = 'a\r\nb\rc\n';
  for (const pieces of cuts(text)) {
    expect(decode({ ...plain, keepCr: true }, ...pieces)).toBe(text);
  }
});

test('bytes stay as they are but for line ends', () => {
  const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0xff, 0x00, 0x0d, 0x0a, 0xc3, 0x0d, 0xa9);
  const folded = [0xef, 0xbb, 0xbf, 0xff, 0x00, 0x0a, 0xc3, 0x0a, 0xa9];
  for (const pieces of cuts(bytes)) {
    expect(symbols({ unit: 'byte', keepCr: false }, pieces)).toEqual(folded);
    expect(symbols({ unit: 'byte', keepCr: true }, pieces)).toEqual([...bytes]);
  }
});

const tricky: Record<string, string> = {
  'Hangul syllables': '한글 각가\u11a8나',
  'Hangul jamo': '\u1112\u1161\u11ab\u1100\u1173\u11af \u1100\u1161\u11a8\u1100\u1161',
  'halfwidth and compatibility jamo': 'ﾻￂﾡ ㄱㅏㄱ',
  'letters and marks': 'e\u0301e\u0323\u0301\u0301e\u0301\u0323 q\u0307\u0323 ö',
  'a mark at the start': '\u0301a\u0301',
  emoji: '👩‍👩‍👧‍👦🏳️‍🌈👍🏽e\u0301👍\u0301',
  kana: 'か\u3099が ｶﾞ ｶ\u3099',
  Indic: '\u0928\u093c \u09c7\u09be\u0b47\u0b57 \u0cca\u0cd5',
  'marks beyond the first plane': '\u{1d157}\u{1d165} \u{11099}\u{110ba}\u{16d67}\u{16d67}',
  ligatures: 'ﬁ\u0301 ﷺ ½ Å \u212b',
  'lines and a byte order mark': '\ufeffe\u0301\r\n\u0301\r\u0301',
};

test.each(Object.entries(tricky))(
  '%s normalise as in one piece wherever they are cut',
  (_, text) => {
    for (const normalize of normalForms) {
      const whole = text
        .replace(/^\ufeff/, '')
        .replace(/\r\n?/g, '\n')
        .normalize(normalize.toUpperCase());
      for (const pieces of cuts(text)) {
        expect(decode({ ...plain, normalize }, ...pieces)).toBe(whole);
      }
    }
  },
);

test('any mixture of characters normalises as in one piece', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const alphabet = [...Object.values(tricky).join('')].filter((c) => c !== '\ufeff' && c !== '\r');
  for (let round = 0; round < 300; round++) {
    const parts = Array.from({ length: 8 }, () =>
      Array.from({ length: random(4) }, () => alphabet[random(alphabet.length)]).join(''),
    );
    for (const normalize of normalForms) {
      const pieces = parts.map((part) => Buffer.from(part));
      const whole = parts.join('').normalize(normalize.toUpperCase());
      expect(decode({ ...plain, normalize }, ...pieces)).toBe(whole);
    }
  }
});

test('no character of Unicode that counts as a boundary joins what is before it', () => {
  // what stands second or later in a composition, and may so be taken back over a cut
  const joining = new Set<number>();
  const all: number[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    all.push(code);
    const character = String.fromCodePoint(code);
    const parts = [...character.normalize('NFD')];
    const composes = parts.length > 1 && character.normalize('NFC') === character;
    if (composes) for (const part of parts.slice(1)) joining.add(part.codePointAt(0) as number);
  }
  const wrong = all.filter((code) =>
    (['nfd', 'nfkd'] as const).some((form) => {
      if (!isBoundary(code, form)) return false;
      const first = String.fromCodePoint(code).normalize(form.toUpperCase());
      // a character with a combining class other than 0 moves before a mark of a higher one
      const moves = `\u0345${first}`.normalize('NFD') !== `\u0345${first}`;
      return moves || joining.has(first.codePointAt(0) as number);
    }),
  );
  expect(wrong).toEqual([]);
});

test('a long line without a space is not held back', () => {
  for (const line of ['漢字かな', '한국어', '\u0928\u093c\u093f', 'ก็']) {
    const decoding = new TextDecoding({ ...plain, normalize: 'nfd' }, 'a.txt');
    const piece = Buffer.from(line.repeat(1000));
    let given = 0;
    for (let i = 0; i < 20; i++) given += decoding.push(piece).length;
    const rest = decoding.end().length;
    expect(given + rest).toBe(line.normalize('NFD').length * 20_000);
    expect(rest).toBeLessThanOrEqual(4);
  }
});

test('marks without end on one letter are cut rather than kept in memory, and none is lost', () => {
  const decoding = new TextDecoding({ ...plain, normalize: 'nfd' }, 'a.txt');
  const piece = Buffer.from('\u0301'.repeat(8192));
  let given = decoding.push(Buffer.from('e')).length;
  for (let i = 0; i < 20; i++) given += decoding.push(piece).length;
  expect(given).toBeGreaterThanOrEqual(20 * 8192 - maxRunLength);
  expect(given + decoding.end().length).toBe(1 + 20 * 8192);
});

test('a prompt is made uniform as a corpus is', () => {
  const text = 'a\r\nb\r한e\u0301';
  for (const options of [
    plain,
    { ...plain, normalize: 'nfd' },
    { ...plain, normalize: 'nfkc', keepCr: true },
  ] as const) {
    expect(prepareText(text, options)).toBe(decode(options, Buffer.from(text)));
  }
  expect(prepareText('e\u0301\r\n', { unit: 'byte', keepCr: false })).toBe('e\u0301\n');
});
