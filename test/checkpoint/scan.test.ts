/** The scanner of files on JSON that nobody means well with: as JSON.parse has it, or refused. */

import { describe, expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import { scanFile } from '#charnn/json/scan.js';
import { limits } from '#charnn/limits.js';
import { Folder } from '../commands/run.js';

function scan(text: string | Uint8Array) {
  const bytes = Buffer.from(text);
  return scanFile(
    {
      read: (into, position) => bytes.copy(into, 0, Math.min(position, bytes.length)),
      close() {},
    },
    'x.json',
  );
}

/** The text that a place stands for */
function dataOf(text: string): (string | undefined)[] {
  return (scan(text).tensors ?? []).map(
    ({ data }) => data && Buffer.from(text).toString('utf8', data.start, data.end),
  );
}

test('small fields are parsed, of data only the places are noted', () => {
  const text =
    '{"a":[1,{"b":"]}"}],\n "tensors":[{"name":"w","data":"AA\u003d\u003d"} , {"data":[1, 2]}],"z":null}';
  const { head, tensors } = scan(text);
  expect(head).toEqual({ a: [1, { b: ']}' }], z: null });
  expect(tensors?.map((tensor) => tensor.head)).toEqual([{ name: 'w' }, {}]);
  expect(dataOf(text)).toEqual(['"AA=="', '[1, 2]']);
});

test.each([
  ['spaces of all kinds', '\t{ "a"\r\n:\t1 } \n'],
  ['escapes', '{"a\\"b":"\\\\","\\u0061c":"\\ud83d\\ude00"}'],
  ['an empty object', '{}'],
  ['numbers', '{"a":-0.5e-3,"b":0,"c":123456789012345678}'],
  ['a deep list', `{"a":${'['.repeat(60)}${']'.repeat(60)}}`],
  [
    'a long string over several windows',
    `{"a":"${'x"'.replace('"', '\\"').repeat(70_000)}","b":1}`,
  ],
  ['a key over the edge of a window', `{"a":"${'x'.repeat(65_520)}","${'k'.repeat(40)}":2}`],
])('%s: as JSON.parse has it', (_, text) => {
  expect(scan(text).head).toEqual(JSON.parse(text));
});

test('__proto__ is a field like any other', () => {
  const { head } = scan('{"__proto__":{"polluted":1},"constructor":2}');
  expect(Object.keys(head)).toEqual(['__proto__', 'constructor']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

describe('what is refused', () => {
  test.each([
    ['nothing', ''],
    ['spaces', '  \n'],
    ['no object', '[1]'],
    ['a number', '7'],
    ['a mark of byte order', '\ufeff{}'],
    ['a cut object', '{"a":1'],
    ['a cut string', '{"a":"x'],
    ['a cut escape', '{"a":"x\\'],
    ['a cut list', '{"a":[1,'],
    ['a comma too many', '{"a":1,}'],
    ['no comma', '{"a":1 "b":2}'],
    ['no colon', '{"a" 1}'],
    ['no value', '{"a":}'],
    ['a key without quotes', '{a:1}'],
    ['single quotes', "{'a':1}"],
    ['a wrong bracket', '{"a":[1}}'],
    ['a line end in a string', '{"a":"x\ny"}'],
    ['NaN', '{"a":NaN}'],
    ['a leading zero', '{"a":01}'],
    ['a comment', '{"a":1 /* x */}'],
    [
      'a lone surrogate as bytes',
      Uint8Array.from([...Buffer.from('{"a":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
    ],
    ['bytes that are no UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a second object', '{}{}'],
    ['a NUL after the end', '{}\0'],
    ['a field twice', '{"a":1,"a":2}'],
    ['a field twice, once with escapes', '{"a":1,"\\u0061":2}'],
    ['tensors twice', '{"tensors":[],"tensors":[]}'],
    ['tensors that are no list', '{"tensors":{}}'],
    ['a tensor that is no object', '{"tensors":[1]}'],
    ['data twice', '{"tensors":[{"data":"","data":""}]}'],
    ['cut data', '{"tensors":[{"data":"AAAA'],
    ['nesting without end', `{"a":${'['.repeat(100_000)}`],
    ['nesting beyond the limit', `{"a":${'['.repeat(65)}${']'.repeat(65)}}`],
    ['more tensors than a model has', `{"tensors":[${'{},'.repeat(1024)}{}]}`],
    ['small fields that are large', `{"a":"${'x'.repeat(limits.headBytes)}"}`],
  ])('%s', (_, text) => {
    expect(() => scan(text)).toThrow(CharnnError);
    expect(() => scan(text)).toThrow(/^x\.json(:| is not valid JSON| has more than)/);
  });

  test('the place is named', () => {
    expect(() => scan('{"a":1;}')).toThrow('x.json is not valid JSON, at byte 7');
    expect(() => scan('{"a":1')).toThrow('it ends too early');
  });
});

test('a pipe that ends within an escape is refused like a file', async () => {
  const { status, stderr } = await new Folder().shell(
    `printf '{"a":"x\\\\' | charnn inspect /dev/stdin`,
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/is not valid JSON, it ends too early/);
});
