/** Whatever a file is, it is read to the characters that it means, or refused in a sentence. */
import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import { guessEncodings } from '#charnn/text/guess.js';
import { lineGroups } from '#charnn/text/lines.js';
import { loadCorpus } from '#charnn/text/load-corpus.js';
import {
  defaultReading,
  encodingNamed,
  type ReadingOptions,
} from '#charnn/text/reading-options.js';
import { recognise } from '#charnn/text/recognise.js';
import { findSources } from '#charnn/text/sources.js';
import { timeout, times } from '../faults/scale.js';
import { put, temporaryFolder } from '../folder.js';
import { input } from './files.js';

const root = temporaryFolder();
const char = { unit: 'char', keepCr: false } as const;

async function read(
  paths: string[],
  reading: Partial<ReadingOptions> = {},
  ...pieces: Uint8Array[]
) {
  const corpus = await loadCorpus(paths, {
    text: char,
    minCount: 1,
    stdin: input(...pieces),
    reading: { ...defaultReading, ...reading },
  });
  return { ...corpus, text: corpus.vocabulary.decode(corpus.ids) };
}

async function readBytes(bytes: Uint8Array, reading: Partial<ReadingOptions> = {}, cut = 0) {
  const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0);
  return (await read(['-'], reading, ...pieces)).text;
}

/** What it is read to, or the sentence by which it is refused. */
async function outcome(bytes: Uint8Array, reading: Partial<ReadingOptions>, cut: number) {
  try {
    return { text: await readBytes(bytes, reading, cut) };
  } catch (error) {
    expect(error).toBeInstanceOf(CharnnError);
    const { message } = error as CharnnError;
    expect(message).toMatch(/^\P{Cc}+$/u);
    return { message };
  }
}

function utf16(text: string, bigEndian = false, mark = true): Buffer {
  const bytes = Buffer.from(mark ? `\ufeff${text}` : text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

const text = 'Café, 한글, 👍\nand a second line\n';

describe('marks and packings are read', () => {
  test.each([
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 LE, as the redirection of PowerShell writes it', utf16(text)],
    ['UTF-16 BE', utf16(text, true)],
    ['CR LF', Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['UTF-16 with CR LF', utf16(text.replaceAll('\n', '\r\n'))],
    ['gzip', gzipSync(text)],
    ['two gzip members', Buffer.concat([gzipSync('Café, '), gzipSync(text.slice(6))])],
    ['gzip of UTF-16', gzipSync(utf16(text))],
    ['gzip of UTF-8 with a mark', gzipSync(`\ufeff${text}`)],
  ])('%s, cut anywhere', async (_, bytes) => {
    for (let cut = 0; cut < bytes.length; cut += 1 + (cut >> 3)) {
      expect(await readBytes(bytes, {}, cut)).toBe(text);
    }
  });

  test('brotli, which only its name tells', async () => {
    const path = put(root, 'a.txt.br', brotliCompressSync(text));
    expect((await read([path])).text).toBe(text);
  });

  test('size and hash are those of the file', async () => {
    const bytes = gzipSync(text);
    const corpus = await read(['-'], {}, bytes);
    expect(corpus.bytes).toBe(bytes.length);
    expect(corpus.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('a packed text longer than every buffer', async () => {
    const long = Array.from({ length: 200_000 }, (_, i) => `${i * 7919} lines of 한글\n`).join('');
    expect((await readBytes(gzipSync(long))) === long).toBe(true);
    expect((await readBytes(utf16(long))) === long).toBe(true);
  });

  test('a packed file that is cut off or damaged is refused', async () => {
    const bytes = gzipSync(text.repeat(100));
    await expect(readBytes(bytes.subarray(0, -20))).rejects.toThrow('damaged or incomplete');
    const damaged = Buffer.from(bytes);
    damaged[30] ^= 0xff;
    await expect(readBytes(damaged)).rejects.toThrow('damaged or incomplete');
  });
});

describe('--encoding', () => {
  test.each([
    ['utf-16le', utf16(text, false, false), text],
    ['utf-16be', utf16(text, true, false), text],
    ['koi8-r', Uint8Array.of(0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4), 'Привет'],
    ['windows-1252', Uint8Array.of(0x93, 0x92, 0x94, 0xe9), '“’”é'],
    ['shift_jis', Uint8Array.of(0x82, 0xb1, 0x82, 0xea, 0x83, 0x5c), 'これソ'],
    ['gb18030', Uint8Array.of(0xce, 0xd2, 0xc3, 0xc7, 0x94, 0x39, 0xfc, 0x36), '我们😀'],
    ['utf-8', Uint8Array.of(0x61, 0, 0x62, 0, 0x63, 0, 0x64, 0), 'a\0b\0c\0d\0'],
  ])('%s, cut anywhere', async (encoding, bytes, expected) => {
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(await readBytes(bytes, { encoding }, cut)).toBe(expected);
    }
  });

  test('a byte-order mark counts for more, and packed files are unpacked', async () => {
    expect(await readBytes(utf16(text), { encoding: 'windows-1252' })).toBe(text);
    const packed = gzipSync(Uint8Array.of(0x63, 0xe9));
    expect(await readBytes(packed, { encoding: 'windows-1252' })).toBe('cé');
  });

  test('a fault is named with its place', async () => {
    const bytes = Buffer.concat([Buffer.from('ab\n'.repeat(50_000)), Buffer.of(0x81, 0x20)]);
    await expect(readBytes(bytes, { encoding: 'shift_jis' })).rejects.toThrow(
      /is not valid shift_jis at byte 15000[01] /,
    );
    const lone = Buffer.concat([utf16('ab'), Buffer.of(0, 0xdc), utf16('c', false, false)]);
    await expect(readBytes(lone)).rejects.toThrow('is not valid UTF-16 at byte 6 (0x00)');
    expect(await readBytes(lone, { invalid: 'replace' })).toBe('ab\ufffdc');
    expect(await readBytes(lone, { invalid: 'skip' })).toBe('abc');
    expect(await readBytes(bytes, { encoding: 'shift_jis', invalid: 'skip' })).toHaveLength(
      150_001,
    );
  });

  test('names are those of the Encoding Standard', () => {
    expect(encodingNamed('LATIN1')).toBe('windows-1252');
    expect(encodingNamed('cp1251')).toBe('windows-1251');
    expect(encodingNamed('no such')).toBeUndefined();
  });
});

describe('what is no text is recognised', () => {
  test.each<[string, Uint8Array | string, RegExp]>([
    ['xz', '\xfd7zXZ\0\0', /an xz file.*xz -d/],
    ['bzip2', 'BZh91AY&SY', /a bzip2 file.*bzip2 -d/],
    ['zip', 'PK\x03\x04\x14\0\0\0\x08\0a.txt', /a zip archive.*unzip/],
    ['docx', 'PK\x03\x04\x14\0\0\0\x08\0word/document.xml', /a Word document.*plain text/],
    ['odt', 'PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text', /an OpenDocument text/],
    ['epub', 'PK\x03\x04mimetypeapplication/epub+zip', /an EPUB book.*plain text/],
    ['PDF', '%PDF-1.7\n', /a PDF document.*pdftotext/],
    ['SQLite', 'SQLite format 3\0', /an SQLite database/],
    ['PNG', '\x89PNG\r\n\x1a\n', /a PNG image/],
    ['JPEG', '\xff\xd8\xff\xe0', /a JPEG image/],
    ['ELF', '\x7fELF\x02', /an ELF program/],
    ['tar', `${'a'.repeat(257)}ustar\x0000`, /a tar archive/],
    ['tar in gzip', gzipSync(`${'a'.repeat(257)}ustar\x0000`), /a tar archive/],
    ['UTF-32', '\xff\xfe\0\0a\0\0\0', /UTF-32/],
    ['UTF-16 without a mark', utf16('no mark', false, false), /perhaps.*encoding utf-16le/],
    ['UTF-16 BE without a mark', utf16('no mark', true, false), /perhaps.*encoding utf-16be/],
  ])('%s', async (_, content, message) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    await expect(readBytes(bytes)).rejects.toThrow(message);
    await expect(readBytes(bytes)).rejects.toThrow(CharnnError);
  });

  test('nothing in plain UTF-8 is taken for something else by its first letters', async () => {
    for (const begin of [
      'BM',
      'MZ is',
      'PK',
      'GIF',
      'RIFF of',
      'II* a',
      'BZh',
      '7z',
      'ID3',
      '{"a":1}',
    ]) {
      expect(recognise(Buffer.from(`${begin} text, and more of it`)).kind).toBe('text');
    }
  });

  test.each([
    ['koi8-r', 'f0d2c9d7c5d42c20dcd4cf20d2d5d3d3cbc9ca20d4c5cbd3d40a'],
    ['windows-1251', 'cff0e8e2e5f22c20fdf2ee20f0f3f1f1eae8e920f2e5eaf1f20a'],
    ['shift_jis', '82b182ea82cd93fa967b8cea82cc8365834c8358836782c582b781420a'],
    ['euc-jp', 'a4b3a4eca4cfc6fccbdcb8eca4cea5c6a5ada5b9a5c8a4c7a4b9a1a30a'],
    ['gb18030', 'ced2c3c7d4dad5e2c0efb5c4cab1baf20a'],
    ['euc-kr', 'c0ccb0cdc0ba20c7d1b1b9beee20b9aec0e5c0ccb4d90a'],
    ['windows-1252', '436166e92064e96ae020767520e020636f74e90a'],
  ])('%s is guessed, and never decoded on its own', async (encoding, hex) => {
    const bytes = Buffer.from(hex.repeat(4), 'hex');
    expect(guessEncodings(bytes)[0]).toBe(encoding);
    const refusal = readBytes(bytes);
    await expect(refusal).rejects.toThrow('guess');
    await expect(refusal).rejects.toThrow(`encoding ${encoding}`);
  });

  test('a stray byte is named with byte and line, and --invalid is advised', async () => {
    const path = put(root, 'stray.log', Buffer.from(`${'line\n'.repeat(900)}it\x92s\n`, 'latin1'));
    await expect(read([path])).rejects.toThrow(
      /is not valid UTF-8 at byte 4502 \(0x92\), in line 901: .*invalid replace/,
    );
    expect((await read([path], { invalid: 'replace' })).text).toMatch(/line\nit\ufffds\n$/);
    expect((await read([path], { invalid: 'skip' })).text).toMatch(/line\nits\n$/);
  });
});

/** As a stream: at once, some versions of Node.js mistake a part of windows-1252. */
function decoded(bytes: Uint8Array, encoding: string, fatal: boolean): string {
  const decoder = new TextDecoder(encoding, { fatal });
  return decoder.decode(bytes, { stream: true }) + decoder.decode();
}

describe('any bytes', () => {
  const starts = [
    '',
    '\xef\xbb\xbf',
    '\xff\xfe',
    '\xfe\xff',
    '\x1f\x8b\x08',
    'PK\x03\x04',
    '%PDF-',
    '\x28\xb5\x2f\xfd',
  ];
  const hostile = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }))
    .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));
  const encodings = [
    undefined,
    'utf-8',
    'utf-16le',
    'utf-16be',
    'windows-1252',
    'shift_jis',
    'gb18030',
  ];

  test('are read as TextDecoder reads them, or refused in a sentence', { timeout }, async () => {
    const options = fc.tuple(
      fc.constantFrom(...encodings),
      fc.constantFrom('error' as const, 'replace' as const, 'skip' as const),
      fc.nat(60),
    );
    await fc.assert(
      fc.asyncProperty(hostile, options, async (bytes, [encoding, invalid, cut]) => {
        const result = await outcome(bytes, { encoding, invalid }, cut);
        if (result.text === undefined) return;
        const found = recognise(bytes);
        if (found.kind === 'packed') return;
        const isMarked = found.kind === 'text' && found.isMarked;
        const used = found.kind === 'utf-16' ? found.encoding : isMarked ? 'utf-8' : encoding;
        const meant = decoded(bytes, used ?? 'utf-8', false).replace(/\r\n?/g, '\n');
        if (invalid !== 'skip') expect(result.text).toBe(meant);
        else expect(result.text).toBe(meant.replaceAll('\ufffd', ''));
        if (invalid === 'error') {
          expect(() => decoded(bytes, used ?? 'utf-8', true)).not.toThrow();
        }
      }),
      { numRuns: times(400, 10_000) },
    );
  });

  test('in a table are read or refused in a sentence', { timeout }, async () => {
    const cell = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('"', ',', '\n', '\r', '\t', '{'),
    );
    const bytes = fc
      .tuple(fc.array(cell, { maxLength: 12 }), fc.uint8Array({ maxLength: 4 }))
      .map(([cells, rest]) => Buffer.concat([Buffer.from(`text\n${cells.join('')}`), rest]));
    const formats = fc.constantFrom('csv' as const, 'tsv' as const, 'ndjson' as const);
    await fc.assert(
      fc.asyncProperty(bytes, formats, fc.nat(40), async (table, format, cut) => {
        await outcome(table, { format, column: 'text' }, cut);
      }),
      { numRuns: times(300, 10_000) },
    );
  });
});

describe('one column of a table', () => {
  const records = fc.array(
    fc.record({ id: fc.string(), text: fc.string({ unit: 'grapheme', minLength: 1 }) }),
    { minLength: 1, maxLength: 8 },
  );
  const line = (value: string) => value.replace(/\r\n?|\n/g, ' ');
  const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;

  test('of CSV: quoting, line ends and marks, cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        fc.constantFrom('\n', '\r\n'),
        fc.nat(99),
        async (rows, end, cut) => {
          const csv = [
            '\ufeffid,text',
            ...rows.map(({ id, text }) => `${quoted(id)},${quoted(text)}`),
          ];
          const bytes = Buffer.from(csv.map((row) => row + end).join(''));
          const expected = rows.map(({ text }) => `${line(text)}\n`).join('');
          expect(await readBytes(bytes, { format: 'csv', column: 'text' }, cut)).toBe(expected);
        },
      ),
    );
  });

  test('of NDJSON', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.nat(99), async (rows, cut) => {
        const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('\n'));
        const expected = rows.map(({ text }) => `${line(text)}\n`).join('');
        expect(await readBytes(bytes, { format: 'ndjson', column: 'text' }, cut)).toBe(expected);
      }),
    );
  });

  test('of TSV: quotation marks are characters, and UTF-16 and gzip work too', async () => {
    const tsv = 'id\ttext\n1\t"a" b\n2\t"c\n';
    const reading = { format: 'tsv', column: 'text' } as const;
    for (const bytes of [Buffer.from(tsv), utf16(tsv), gzipSync(tsv)]) {
      expect(await readBytes(bytes, reading)).toBe('"a" b\n"c\n');
    }
  });

  test.each<[string, string, Partial<ReadingOptions>, RegExp]>([
    [
      'no such column',
      'a,b\n1,2\n',
      { format: 'csv', column: 'c' },
      /no column c; its columns are a, b$/,
    ],
    ['none is named', 'a,b\n1,2\n', { format: 'csv' }, /textColumn; its columns are a, b$/],
    ['two of the name', 'a,a\n1,2\n', { format: 'csv', column: 'a' }, /two columns a/],
    [
      'too few fields',
      'a,b\n1,2\n3\n',
      { format: 'csv', column: 'a' },
      /line 3: it does not have as many/,
    ],
    [
      'an open quote',
      'a,b\n1,"2\n3\n',
      { format: 'csv', column: 'a' },
      /line \d: a quotation mark/,
    ],
    ['no JSON', '{"a":"x"}\n{"a"\n', { format: 'ndjson', column: 'a' }, /line 2, is not JSON/],
    [
      'another type',
      '{"a":"x"}\n\n{"a":1}\n',
      { format: 'ndjson', column: 'a' },
      /line 3, has a number/,
    ],
    [
      'no field',
      '{"a":"x"}\n{"b":1}\n',
      { format: 'ndjson', column: 'a' },
      /line 2, has no field a/,
    ],
    [
      'half a pair',
      '{"a":"\\ud800"}\n',
      { format: 'ndjson', column: 'a' },
      /line 1, has half a surrogate/,
    ],
  ])('%s is an error that says where', async (_, table, reading, message) => {
    await expect(readBytes(Buffer.from(table), reading)).rejects.toThrow(message);
  });

  test.each([
    ['csv', 'a\nb\nb\n', ',', /after line 3 has more than 16 MB/],
    ['tsv', 'a\nb\nb\n', '\t', /after line 3 has more than 16 MB/],
    ['ndjson', '{"a":"b"}\n{"a":"b","c":[', '{},', /has a line of more than 16 MB/],
  ] as const)('of %s, with millions of values in a record, is refused', async (...row) => {
    const [format, start, value, message] = row;
    const table = Buffer.from(start + value.repeat(17e6 / value.length));
    await expect(readBytes(table, { format, column: 'a' })).rejects.toThrow(message);
  });

  test('a stray byte in it follows --invalid, and the line is named', async () => {
    const csv = Buffer.from('text\nfine\nit\x92s\n', 'latin1');
    await expect(readBytes(csv, { format: 'csv' })).rejects.toThrow(
      /line 3, .*not valid UTF-8 at byte 2/,
    );
    expect(await readBytes(csv, { format: 'csv', invalid: 'replace' })).toBe('fine\nit\ufffds\n');
    expect(await readBytes(csv, { format: 'csv', invalid: 'skip' })).toBe('fine\nits\n');
  });
});

describe('lines', () => {
  async function linesOf(bytes: Uint8Array, reading?: ReadingOptions): Promise<string[]> {
    const lines: string[] = [];
    const sources = await findSources(['-'], input(bytes));
    for await (const group of lineGroups(sources, { reading })) lines.push(...group.map(String));
    return lines;
  }

  test('have no mark, whatever they are in', async () => {
    for (const bytes of [Buffer.from('\ufeffa\nb'), utf16('a\nb'), gzipSync('\ufeffa\nb')]) {
      expect(await linesOf(bytes)).toEqual(['a', 'b']);
    }
    expect(await linesOf(Buffer.from('\ufeff'))).toEqual([]);
    expect(await linesOf(Buffer.of(0xef, 0xbb))).toEqual(['\ufffd']);
  });

  test('keep stray bytes unless they are to be skipped or refused', async () => {
    const bytes = Buffer.from('fine\nit\x92s\n', 'latin1');
    expect(await linesOf(bytes)).toEqual(['fine', 'it\ufffds']);
    expect(await linesOf(bytes, { ...defaultReading, invalid: 'skip' })).toEqual(['fine', 'its']);
    await expect(linesOf(bytes, defaultReading)).rejects.toThrow(
      /line 2, is not valid UTF-8 at byte 2/,
    );
  });

  test('come as soon as they are there', async () => {
    const pieces = ['a', '\n', 'b\n'];
    let given = 0;
    async function* slow() {
      for (const piece of pieces) {
        given++;
        yield Buffer.from(piece);
      }
    }
    const source = { name: 'x', label: 'x', size: undefined, read: slow };
    for await (const group of lineGroups([source])) {
      expect(group.map(String)).toEqual(['a']);
      expect(given).toBe(2);
      break;
    }
  });
});
