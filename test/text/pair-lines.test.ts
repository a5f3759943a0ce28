/** Pairs of every format as lines, and the units of their sides. */
import { describe, expect, test } from 'vitest';
import { UsageError } from '#charnn/errors.js';
import { codingOf, PairCoding } from '#charnn/text/pair-coding.js';
import { pairLines } from '#charnn/text/pair-lines.js';
import { defaultReading, type TextFormat } from '#charnn/text/reading-options.js';

const text = { unit: 'char', keepCr: false } as const;

async function linesOf(
  content: string,
  {
    format = 'lines' as TextFormat,
    coding = PairCoding.growing({ source: 'char', target: 'char' }),
    piece = 1 << 20,
    unit = 'char' as 'char' | 'byte',
    invalid = defaultReading.invalid,
  } = {},
): Promise<string[]> {
  async function* pieces() {
    const bytes = Buffer.from(content);
    for (let from = 0; from < bytes.length; from += piece) yield bytes.subarray(from, from + piece);
  }
  const reading = { ...defaultReading, format, invalid, pairs: true };
  const options = { reading, text: { ...text, unit }, coding };
  const parts: Uint8Array[] = [];
  for await (const part of pairLines(pieces(), 'the file', options)) parts.push(Buffer.from(part));
  return Buffer.concat(parts)
    .toString(unit === 'byte' ? 'latin1' : 'utf8')
    .split('\n')
    .slice(0, -1);
}

describe('every format becomes lines that keep their numbers', () => {
  const expected = ['a\tx', '', 'b\ty z'];

  test.each([
    ['tab-separated', 'a\tx\n\nb\ty z', 'lines'],
    ['with the line ends of Windows', 'a\tx\r\n\r\nb\ty z\r\n', 'lines'],
    ['objects', '{"source":"a","target":"x"}\n\n{"target":"y z","source":"b","more":1}\n', 'lines'],
    ['a dictionary', 'a  x\n;;; a comment\nb(2)  y z # of someone\n', 'lines'],
    ['a dictionary with one blank', 'a x\n# a comment\nb y z\n', 'dict'],
  ] as const)('%s', async (_, content, format) => {
    expect(await linesOf(content, { format })).toEqual(expected);
    // wherever the file is cut into pieces
    const whole = content.length > 20 ? 40 : 9;
    expect(await linesOf(content, { format, piece: whole })).toEqual(expected);
  });

  test('a table with a header, in any order of columns, with line ends and tabs in fields', async () => {
    const csv = 'id,target,source\n1,x,a\n2,"y\nz","b\tc"\n3,w,d\n';
    const lines = await linesOf(csv, { format: 'csv' });
    expect(lines).toEqual(['', 'a\tx', '', 'b c\ty z', 'd\tw']);
    expect(await linesOf('target\tid\tsource\nx\t1\ta\n', { format: 'tsv' })).toEqual(['', 'a\tx']);
  });

  test.each([
    ['csv', 'word,phonemes\na,x\n', 'no column source; its columns are word, phonemes'],
    ['csv', 'source,target,source\na,x,b\n', 'two columns source'],
  ] as const)('a table without the columns is refused: %s', async (format, content, message) => {
    const failed = await linesOf(content, { format }).catch((error) => error);
    expect(failed).toBeInstanceOf(UsageError);
    expect(failed.message).toContain(message);
  });

  test('what is no pair is a line without a target, or with an empty side', async () => {
    const json = '{"source":"a"}\nno object\n{"target":"x"}\n{"source":1,"target":"x"}\n[]\n';
    expect(await linesOf(json, { format: 'ndjson' })).toEqual([
      'a',
      '\ufffd',
      '\tx',
      '\tx',
      '\ufffd',
    ]);
    expect(await linesOf('a\n\tx\nb\t\n')).toEqual(['a', '\tx', 'b\t']);
    expect(await linesOf('word\n', { format: 'dict' })).toEqual(['word']);
  });
});

test('half a surrogate pair, which JSON can hold, follows --invalid like bytes that are no character', async () => {
  const content = '{"source":"a","target":"x"}\n{"source":"b\\ud83d","target":"y\\udca9z"}\n';
  const format = 'ndjson';
  await expect(linesOf(content, { format })).rejects.toThrow(
    /^the file, line 2, has half a surrogate pair, which is not a character: /,
  );
  const replaced = await linesOf(content, { format, invalid: 'replace' });
  expect(replaced).toEqual(['a\tx', 'b\ufffd\ty\ufffdz']);
  expect(await linesOf(content, { format, invalid: 'skip' })).toEqual(['a\tx', 'b\tyz']);
});

describe('units', () => {
  const phonemes = 'read\tR IY1 D\nred\tR EH1 D\n';

  test('symbols are characters of their own, and come back as they were', async () => {
    const coding = PairCoding.growing({ source: 'char', target: 'symbol' });
    const [first, second] = await linesOf(phonemes, { coding });
    const [source, target] = first.split('\t');
    expect(source).toBe('read');
    // a symbol of one character is that character
    expect(Array.from(target)).toEqual(['R', '\u{f0000}', 'D']);
    expect(second).toBe('red\tR\u{f0001}D');
    expect(coding.units?.symbols).toEqual(['IY1', 'EH1']);
    const known = codingOf({ ...text, pairs: coding.units });
    expect(Buffer.from(known.decode('target', target)).toString()).toBe('R IY1 D');
    expect(known.encode('target', ' R  IY1 D ')).toBe(target);
    // an unknown symbol is one character, too, and none that is known
    const strange = known.encode('target', 'R XX D');
    expect(Array.from(strange).length).toBe(3);
    expect(known.units?.symbols).toEqual(['IY1', 'EH1']);
  });

  test('a symbol that is itself a character of private use is taken for no other', () => {
    const coding = PairCoding.growing({ source: 'char', target: 'symbol' });
    const encoded = coding.encode('target', 'AB \u{f0000} \u{f0001} CD');
    expect(new Set(encoded).size).toBe(4);
    expect(Buffer.from(coding.decode('target', encoded)).toString()).toBe(
      'AB \u{f0000} \u{f0001} CD',
    );
  });

  test('a side of bytes is one character a byte', async () => {
    const coding = PairCoding.growing({ source: 'char', target: 'byte' });
    const [line] = await linesOf('é\té\n', { coding });
    expect(line).toBe('é\t\u00c3\u00a9');
    expect(Buffer.from(coding.decode('target', 'Ã©é語')).toString('latin1')).toBe(
      '\u00c3\u00a9\u00e9?',
    );
  });

  test('with bytes on both sides, files of every format are their bytes', async () => {
    const json = '{"source":"é","target":"x"}\n';
    expect(await linesOf(json, { unit: 'byte' })).toEqual(['\u00c3\u00a9\tx']);
    expect(await linesOf('é\tx\n', { unit: 'byte' })).toEqual(['\u00c3\u00a9\tx']);
  });

  const auto = () => PairCoding.growing({ source: 'auto', target: 'auto' });
  const many = (line: (i: number) => string) =>
    Array.from({ length: 300 }, (_, i) => line(i)).join('');
  test.each([
    ['phonemes', (i: number) => `w${i}\t${i % 2 ? 'AA1 B K' : 'T IY0'}\n`, 'symbol'],
    ['numbers', (i: number) => `w${i}\t${i} ${i % 7}\n`, 'char'],
    ['words', (i: number) => `w${i}\ttwenty ${i % 2 ? 'seven' : 'eleven'}th\n`, 'char'],
    ['sentences', (i: number) => `w${i}\tthe w${(i * 7) % 400} is\n`, 'char'],
    ['single words', (i: number) => `w${i}\tab\n`, 'char'],
  ] as const)('auto finds symbols only where they are few and short: %s', async (_, line, unit) => {
    const coding = auto();
    await linesOf(many(line), { coding, piece: 999 });
    expect([coding.unit('source'), coding.unit('target')]).toEqual(['char', unit]);
    expect(coding.isDecided).toBe(true);
  });
});
