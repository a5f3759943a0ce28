import { expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

const codes = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0) as number);
const abc = Vocabulary.of('char', codes('cab👍é'));

test('symbols are numbered in ascending order, and the unknown one is last', () => {
  expect(abc.symbols).toEqual(codes('abcé👍'));
  expect(abc.size).toBe(6);
  expect(abc.unknownId).toBe(5);
  expect(abc.id(0x1f44d)).toBe(4);
  expect(abc.id(0x7a)).toBe(5);
});

test('a text becomes ids by code points, and ids the text again', () => {
  const { ids, unknown } = abc.encode('a👍cé');
  expect([...ids]).toEqual([0, 4, 2, 3]);
  expect(unknown).toBe(0);
  expect(abc.decode(ids)).toBe('a👍cé');
  expect([...abc.decodeBytes(ids)]).toEqual([...Buffer.from('a👍cé')]);
  expect([...abc.encode(Buffer.from('a👍')).ids]).toEqual([0, 4]);
});

test('unknown characters and lone surrogates are one unknown id each, and are counted', () => {
  const { ids, unknown } = abc.encode('a한\ud83d\udc4e\ud83db\udc4d');
  expect([...ids]).toEqual([0, 5, 5, 5, 1, 5]);
  expect(unknown).toBe(4);
  expect(abc.decode(ids)).toBe('a\ufffd\ufffd\ufffdb\ufffd');
});

test('a text of any length, whatever characters stand where it is cut', () => {
  for (let shift = 0; shift < 3; shift++) {
    const [before, after] = ['b'.repeat(shift) + '👍'.repeat(100_000), '👍é'.repeat(50_000)];
    const { ids, unknown } = abc.encode(`${before}\ud83d${after}`);
    expect(unknown).toBe(1);
    expect(abc.decode(ids) === `${before}\ufffd${after}`).toBe(true);
  }
});

test('an empty text has no ids', () => {
  expect(abc.encode('')).toEqual({ ids: new Uint8Array(0), unknown: 0 });
  expect(abc.decode([])).toBe('');
});

test('a vocabulary of bytes takes text as UTF-8 and gives back the bytes', () => {
  const bytes = Vocabulary.of('byte', [0xc3, 0xa9, 0x61, 0xff]);
  const { ids, unknown } = bytes.encode('aéb');
  expect([...ids]).toEqual([0, 2, 1, 4]);
  expect(unknown).toBe(1);
  expect([...bytes.decodeBytes([0, 2, 1, 3])]).toEqual([0x61, 0xc3, 0xa9, 0xff]);
  expect(bytes.decode([0, 2, 1])).toBe('aé');
  expect([...bytes.encode(Uint8Array.of(0xff, 0x00)).ids]).toEqual([3, 4]);
});

test('ids are as narrow as the vocabulary allows, the unknown one included', () => {
  const type = (symbols: number): string => {
    const list = Array.from({ length: symbols }, (_, i) => i + (i >= 0xd800 ? 0x800 : 0));
    const { ids } = Vocabulary.of('char', list).encode('\u{10ffff}');
    expect(ids[0]).toBe(symbols);
    return ids.constructor.name;
  };
  expect(type(255)).toBe('Uint8Array');
  expect(type(256)).toBe('Uint16Array');
  expect(type(65535)).toBe('Uint16Array');
  expect(type(65536)).toBe('Uint32Array');
});

test('symbols rarer than the minimum are left out', () => {
  const counts = new Map([
    [0x62, 3],
    [0x61, 2],
    [0x63, 1],
  ]);
  expect(Vocabulary.fromCounts('char', counts, 2).symbols).toEqual([0x61, 0x62]);
});

test('a mapping finds each symbol in another vocabulary, and matches the unknown symbols', () => {
  const older = Vocabulary.of('char', codes('xbaz'));
  expect([...abc.mapFrom(older)]).toEqual([0, 1, -1, -1, -1, 4]);
  expect([...abc.mapFrom(abc)]).toEqual([0, 1, 2, 3, 4, 5]);
});

test('JSON holds a vocabulary whole', () => {
  for (const vocabulary of [abc, Vocabulary.of('byte', [0, 13, 255]), Vocabulary.of('char', [0])]) {
    const json = JSON.stringify(vocabulary);
    expect(Vocabulary.fromJSON(JSON.parse(json), 'm')).toEqual(vocabulary);
  }
  expect(JSON.stringify(abc)).toBe('{"unit":"char","symbols":["a","b","c","é","👍"]}');
});

test.each([
  [null, 'must be an object, not null'],
  [[], 'must be an object'],
  [{ symbols: ['a'] }, '.unit must be char or byte, not missing'],
  [{ unit: 'word', symbols: ['a'] }, '.unit must be char or byte, not "word"'],
  [{ unit: 'char' }, '.symbols must be a list, not missing'],
  [{ unit: 'char', symbols: 'abc' }, '.symbols must be a list, not "abc"'],
  [{ unit: 'char', symbols: [] }, '.symbols must be a list of 1 to 1114112 symbols, not 0'],
  [{ unit: 'byte', symbols: Array(257).fill(0) }, '.symbols must be a list of 1 to 256 symbols'],
  [{ unit: 'char', symbols: ['a', 7] }, '.symbols[1] must be one character, not 7'],
  [{ unit: 'char', symbols: [''] }, '.symbols[0] must be one character, not ""'],
  [{ unit: 'char', symbols: ['a', 'bc'] }, '.symbols[1] must be one character, not "bc"'],
  [{ unit: 'char', symbols: ['\ud800'] }, '.symbols[0] must be one character'],
  [{ unit: 'char', symbols: ['a', null] }, '.symbols[1] must be one character, not null'],
  [{ unit: 'char', symbols: ['b', 'a'] }, '.symbols[1] must be above the symbol before it'],
  [{ unit: 'char', symbols: ['a', 'a'] }, '.symbols[1] must be above the symbol before it'],
  [{ unit: 'byte', symbols: ['a'] }, '.symbols[0] must be an integer from 0 to 255, not "a"'],
  [{ unit: 'byte', symbols: [0, 256] }, '.symbols[1] must be an integer from 0 to 255, not 256'],
  [{ unit: 'byte', symbols: [-1] }, '.symbols[0] must be an integer from 0 to 255'],
  [{ unit: 'byte', symbols: [1.5] }, '.symbols[0] must be an integer from 0 to 255'],
])('a wrong field of JSON is named: %j', (value, expected) => {
  const read = (): Vocabulary => Vocabulary.fromJSON(value, 'charnn.json: vocabulary');
  expect(read).toThrow(CharnnError);
  expect(read).toThrow(`charnn.json: vocabulary${expected.startsWith('.') ? '' : ' '}${expected}`);
});
