/** Compression and back: the very same bytes, or a refusal. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openDevice, openExactDevice } from '#charnn/backend/open-device.js';
import { compress, decompress } from '#charnn/compress/codec.js';
import { countText } from '#charnn/counts/count-text.js';
import { classCount } from '#charnn/counts/mixture.js';
import { CharnnError } from '#charnn/errors.js';
import { randomModel } from '../small-model.js';

describe('compress and decompress', async () => {
  const device = await openDevice();
  const book = readFileSync(new URL('../../data/moby-dick.txt', import.meta.url)).subarray(0, 2500);
  const korean = Buffer.from(
    '키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.\n'.repeat(40),
  );
  const options = { learn: true, threads: 2, device };
  const compressedBook = compress(book, options);

  test.each([
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(255)],
    ['zeros', new Uint8Array(1500)],
    ['random bytes', randomBytes(900)],
    ['a program', readFileSync(process.execPath).subarray(0, 1500)],
    ['a book', book],
    ['Korean', korean],
  ])('%s', async (_, content) => {
    const file = await compress(content, options);
    expect(Buffer.from(await decompress(file, 'x', undefined)).equals(content)).toBe(true);
    expect(file.length).toBeLessThan(content.length + 200);
  });

  test('what is regular becomes small, in several streams on one or two lanes', async () => {
    const text = Buffer.from('the same line again and again\n'.repeat(400));
    for (const threads of [1, 2]) {
      const file = await compress(text, { ...options, threads });
      expect(file.length).toBeLessThan(text.length / 6);
      expect(Buffer.from(file).includes(`"streams":4,"chunk":16,"lanes":${threads},`)).toBe(true);
      expect(Buffer.from(await decompress(file, 'x', undefined)).equals(text)).toBe(true);
    }
  });

  test.each([true, false])('with a model given, learning: %s', async (learn) => {
    const model = randomModel(book.toString('utf8').slice(0, 3000), 16);
    // with line ends, characters and bytes that the model does not know
    const content = Buffer.concat([book, Buffer.from('\r\n가나다 😀'), Uint8Array.of(0xff, 0xc0)]);
    const given = { ...options, learn, model };
    const file = await compress(content, given);
    expect(Buffer.from(await decompress(file, 'x', model)).equals(content)).toBe(true);
    const weights = model.weights.map((w) => w * 1.0001);
    const config = { ...model.config, residual: true };
    for (const other of [
      { ...model, weights },
      { ...model, config },
    ]) {
      await expect(decompress(file, 'x', other)).rejects.toThrow(/another model/);
    }
    await expect(decompress(file, 'x', undefined)).rejects.toThrow(/give that one with model/);
  });

  test('the same content gives the same file', async () => {
    const again = await compress(book, options);
    expect(Buffer.from(await compressedBook).equals(Buffer.from(again))).toBe(true);
  });

  /** The file with its header changed, and the checksum of the header made anew */
  function withHeader(file: Uint8Array, change: (header: string) => string): Buffer {
    const bytes = Buffer.from(file);
    const end = 12 + bytes.readUInt32LE(8);
    const json = Buffer.from(change(bytes.toString('utf8', 12, end)));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const checksum = createHash('sha256').update(json).digest().subarray(0, 8);
    return Buffer.concat([bytes.subarray(0, 8), length, json, checksum, bytes.subarray(end + 8)]);
  }

  test('a damaged file is refused, wherever the damage is', async () => {
    const file = await compressedBook;
    const header = 12 + Buffer.from(file).readUInt32LE(8) + 8;
    const places = [...Array(header).keys(), header + 5, header + 700];
    for (const place of places) {
      const damaged = Uint8Array.from(file);
      damaged[place] ^= 1;
      const refusal = await decompress(damaged, 'x', undefined).catch((error) => error);
      expect(refusal, `${place}`).toBeInstanceOf(CharnnError);
      expect(refusal.message).toMatch(/^x (is|was|has) /);
    }
    for (const length of [0, 7, 11, 100, header - 1, header, file.length - 1]) {
      const cut = file.subarray(0, length);
      await expect(decompress(cut, 'x', undefined)).rejects.toThrow(/^x is/);
    }
    await expect(decompress(book, 'x', undefined)).rejects.toThrow(/not a file of charnn compress/);
  });

  test('a later version of the format is refused by name, one that never was as damage', async () => {
    const file = await compressedBook;
    const ofVersion = (version: string) =>
      withHeader(file, (header) => header.replace(/"version":\d+/, `"version":${version}`));
    await expect(decompress(ofVersion('0'), 'x', undefined)).rejects.toThrow(/^x is damaged/);
    await expect(decompress(ofVersion('77'), 'x', undefined)).rejects.toThrow(
      'x was written by a later version of charnn (format 77): install the current version',
    );
  });

  test.each([
    [/"characters":\d+/, '"characters":9e15', /^x: coding: characters must be an integer/],
    [
      /"bytes":\d+(.*)"characters":\d+/,
      '"bytes":9e15$1"characters":9e15',
      /^x: bytes must be an integer/,
    ],
    [/"streams":\d+/, '"streams":0', /^x: coding: streams must be/],
    [
      /"streams":\d+,"chunk":16,"lanes":\d+/,
      '"streams":1024,"chunk":16,"lanes":1024',
      /streams must/,
    ],
    [/"chunk":\d+/, '"chunk":1', /^x: coding: chunk must be/],
    [/"rate":[\d.]+/, '"rate":1e300', /^x: coding: rate must be/],
    [/"hidden":\d+/, '"hidden":16384', /^x: coding: model: config: hidden must be/],
    [/"layers":\d+/, '"layers":64', /^x: coding: model: config: layers must be/],
    [/"embedding":\d+/, '"embedding":16384', /^x: coding: model: config: embedding must be/],
    [
      /"bytes":\d+(.*)"characters":\d+/,
      '"bytes":2000000000$1"characters":2000000000',
      /^x is damaged or cut off|^not enough memory for restoring x: [\d.]+ GiB are needed/,
    ],
    [/"lanes":\d+/, '"lanes":5000', /^x: coding: lanes must be/],
    [/"parts":\[[^\]]*\]/, '"parts":[-1]', /^x: parts must be a list/],
    [/"hidden":\d+/, '"hidden":1e9', /^x: coding: model: config: hidden must be/],
    [/"alphabet":"[^"]*"/, '"alphabet":""', /^x: coding: model: alphabet must be/],
  ])('a header that makes no sense is refused: %s → %s', async (from, to, message) => {
    const file = await compressedBook;
    const bad = withHeader(file, (header) => header.replace(from, to));
    await expect(decompress(bad, 'x', undefined)).rejects.toThrow(message);
  });

  test('another back end, or one that rounds otherwise, is refused with its name', async () => {
    const file = await compressedBook;
    const changed = (from: RegExp, to: string) =>
      withHeader(file, (header) => header.replace(from, to));
    const elsewhere = changed(/"backend":"[^"]*"/, `"backend":"${'q'.repeat(device.name.length)}"`);
    await expect(decompress(elsewhere, 'x', undefined)).rejects.toThrow(
      /^x can be decompressed only as it was compressed: back end q+ cannot run here/,
    );
    const otherwise = changed(/"probe":"[^"]{4}/, '"probe":"zzzz');
    await expect(decompress(otherwise, 'x', undefined)).rejects.toThrow(
      /computes exactly the same numbers/,
    );
  });
});

describe('a short content with a model', async () => {
  const device = await openExactDevice('wasm (simd)');
  const book = readFileSync(new URL('../../data/moby-dick.txt', import.meta.url));
  const text = book.toString('utf8', 0, 60_000);
  const network = randomModel(text, 16);
  const table = countText(network.vocabulary.encode(text).ids, network.vocabulary.size, {});
  const weights = Float64Array.from(
    { length: 2 * classCount(table.context) },
    // the network knows nothing
    (_, i) => (i % 2 === 0 ? 0.1 : 0.9),
  );
  const model = { ...network, counts: { table, weights } };
  const options = { learn: true, threads: 2, device, model };
  const message = book.subarray(700_000, 700_400);

  test.each([
    ['a byte', Buffer.from('a')],
    ['a sentence', book.subarray(300_000, 300_060)],
    ['a paragraph', message],
    ['just below a kilobyte', book.subarray(500_000, 501_023)],
    ['what is no text', Uint8Array.of(0xff, 0xc0, 0x41, 0x80, 0)],
    ['characters that are not known', Buffer.from('가나다 and 😀')],
    ['noise', randomBytes(500)],
  ])('%s comes back, and is never more than three bytes longer', async (_, content) => {
    const file = await compress(content, options);
    expect(Buffer.from(await decompress(file, 'x', model)).equals(content)).toBe(true);
    expect(file.length).toBeLessThanOrEqual(content.length + 3);
  });

  test('the header takes less than eight bytes, and the counts of the model are made use of', async () => {
    const file = await compress(message, options);
    expect(file.length).toBeLessThan((400 * 3) / 8);
    const bare = await compress(message, { ...options, model: network });
    expect(file.length).toBeLessThan(bare.length - 40);
    const long = await compress(message, {
      ...options,
      device: await openExactDevice('reference'),
    });
    expect(long.length).toBeGreaterThan(file.length + 100);
    expect(Buffer.from(await decompress(long, 'x', model)).equals(message)).toBe(true);
  });

  test('another model is refused, and so is one with other weights of its counts', async () => {
    const file = await compress(message, options);
    const others = [
      network,
      { ...model, weights: model.weights.map((w) => w * 1.0001) },
      { ...model, counts: { table, weights: weights.map((w) => w + 0.01) } },
    ];
    for (const other of others) {
      await expect(decompress(file, 'x', other)).rejects.toThrow(/another model/);
    }
    await expect(decompress(file, 'x', undefined)).rejects.toThrow(/give that one with model/);
  });

  test('what is damaged or cut off is refused, wherever it is', async () => {
    const stored = await compress(randomBytes(40), options);
    const coded = await compress(message, options);
    for (const file of [stored, coded]) {
      for (let place = 0; place < file.length; place += 1 + Math.floor(place / 8)) {
        const damaged = Uint8Array.from(file);
        damaged[place] ^= 0x40;
        const refusal = await decompress(damaged, 'x', model).catch((error) => error);
        expect(refusal, `${place}`).toBeInstanceOf(CharnnError);
      }
      for (const length of [1, 2, 4, 5, 7, file.length - 9]) {
        const cut = file.subarray(0, length);
        await expect(decompress(cut, 'x', model)).rejects.toThrow(/^x is damaged/);
      }
    }
  });
});
