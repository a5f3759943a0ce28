/** Files of safetensors: models go out and come back as they were, and what others wrote is read or refused in words. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDevice } from '#charnn/backend/open-device.js';
import { readAnyModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import { importModel } from '#charnn/exchange/import-model.js';
import { modelSafetensors } from '#charnn/exchange/safetensors-model.js';
import { chooseCell } from '#charnn/model/cells/cells.js';
import type { Model } from '#charnn/model/model-data.js';
import { sizes } from '#charnn/train/length/preset.js';
import { smallModel } from '../checkpoint/models.js';
import { temporaryFolder } from '../folder.js';
import { type BuildOptions, buildModel } from '../small-model.js';
import { constantFile, fileOf, parts } from './safetensors-case.js';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);

function exported(model: Model): Buffer {
  return Buffer.concat([...modelSafetensors(model)]);
}

async function imported(bytes: Uint8Array, vocabulary?: string): Promise<Model> {
  writeFileSync(path('in.safetensors'), bytes);
  return (await importModel(path('in.safetensors'), vocabulary)).model;
}

const variants: readonly (readonly [string, Omit<BuildOptions, 'symbols'>])[] = [
  ...['rnn', 'lstm', 'gru', 'sru', 'nas'].map(
    (cell) => [cell, { ...chooseCell(cell), layers: 2 }] as const,
  ),
  ['one-hot', { cell: 'gru', embedding: 0 }],
  ['size medium', sizes.medium],
  ['pairs', { pairs: true }],
];

describe('out and in again', () => {
  test.each(variants)('%s: the file of the model has the same bytes', async (_, options) => {
    const model = buildModel({ symbols: 'abü🦊\t\n', ...options });
    await writeModel(path('before.json'), model, { plainWeights: false });
    const back = await imported(exported(await readAnyModel(path('before.json'))));
    await writeModel(path('after.json'), back, { plainWeights: false });
    expect(readFileSync(path('after.json')).equals(readFileSync(path('before.json')))).toBe(true);
  });

  test('a model with something in every field', async () => {
    const model = { ...smallModel(), separator: '{"\\\n' };
    await writeModel(path('before.json'), model, { plainWeights: true });
    const back = await imported(exported(await readAnyModel(path('before.json'))));
    await writeModel(path('after.json'), back, { plainWeights: true });
    expect(readFileSync(path('after.json')).equals(readFileSync(path('before.json')))).toBe(true);
  });
});

test('a file is laid out as the format says', () => {
  const model = buildModel({ symbols: 'ab', cell: 'gru' });
  const file = exported(model);
  const { header, data } = parts(file);
  expect((file.length - data.length) % 8).toBe(0);
  const { __metadata__: metadata, ...tensors } = header;
  expect(JSON.parse(metadata?.vocabulary ?? '')).toEqual({ unit: 'char', symbols: ['a', 'b'] });
  expect(Object.values(metadata ?? {}).every((value) => typeof value === 'string')).toBe(true);
  let end = 0;
  for (const { dtype, shape, data_offsets: offsets } of Object.values(tensors)) {
    expect(dtype).toBe('F32');
    expect(offsets[0]).toBe(end);
    end += 4 * shape.reduce((a, b) => a * b, 1);
    expect(offsets[1]).toBe(end);
  }
  expect(data.length).toBe(end);
  const first = data.readFloatLE(tensors['output.bias'].data_offsets[0]);
  expect(tensors['rnn.weight_hh_l0'].shape).toEqual([24, 8]);
  expect(first).toBe(0);
  expect(data.readFloatLE(4)).toBe(model.weights[1]);
});

test('weights that another program has changed, in another order, are taken', async () => {
  const model = buildModel({ symbols: 'ab', cell: 'rnn' });
  const { header, data } = parts(exported(model));
  const { __metadata__, ...tensors } = header;
  data.writeFloatLE(0.125, tensors['output.bias'].data_offsets[0]);
  const turned = Object.fromEntries(Object.entries(tensors).reverse());
  const back = await imported(fileOf({ ...turned, __metadata__ }, data));
  const expected = Array.from(model.weights);
  const { weights } = back;
  const changed = Array.from(weights).flatMap((x, i) => (x === expected[i] ? [] : [x]));
  expect(changed).toEqual([0.125]);
});

describe('what is refused', () => {
  const model = buildModel({ symbols: 'ab', hidden: 2, embedding: 2 });
  const whole = exported(model);
  const { header, data } = parts(whole);
  const { __metadata__: metadata, ...tensors } = header;
  const name = 'rnn.weight_hh_l0';
  const withEntry = (entry: object) =>
    fileOf({ ...header, [name]: { ...tensors[name], ...entry } }, data);
  const withMetadata = (entry: object) =>
    fileOf({ ...header, __metadata__: { ...metadata, ...entry } }, data);

  test.each<[string, Buffer, RegExp]>([
    ['an empty file', Buffer.alloc(0), /is not a safetensors file$/],
    ['a file of torch.save', Buffer.from('PK\x03\x04 and so on'), /perhaps one of torch\.save/],
    ['a model of charnn', Buffer.from('{\n"format":"charnn"}'), /does not need to be imported/],
    ['a long header', Buffer.concat([Buffer.alloc(8, 0xff), whole]), /not a safetensors file/],
    [
      'a header longer than charnn reads',
      Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), Buffer.from('{}')]),
      /its header would be 4294967296 bytes/,
    ],
    ['a header that is cut off', whole.subarray(0, 100), /the header of .* it ends too early/],
    ['a file that is cut off', whole.subarray(0, -1), /ends too early: it should have/],
    ['more after the end', Buffer.concat([whole, Buffer.alloc(1)]), /continues after the last/],
    ['a tensor twice', fileOf(`{"a":{},"a":{}}`, data), /"a" is there twice/],
    ['a deep header', fileOf(`{"a":${'['.repeat(1e5)}`, data), /64 deep/],
    [
      'a gap',
      withEntry({ data_offsets: [1e6, 1e6 + 64] }),
      /begins at byte \d+ of the values, not at/,
    ],
    ['an overlap', withEntry({ data_offsets: [0, 64] }), /begins at byte \d+ of the values/],
    ['an end before the start', withEntry({ data_offsets: [64, 0] }), /the smaller first/],
    ['a shape of other size', withEntry({ shape: [8, 3] }), /has 64 bytes.* take 96/],
    ['a shape of other sides', withEntry({ shape: [2, 8] }), /must have the shape \[8,2\]/],
    ['a huge shape', withEntry({ shape: [2 ** 52, 2 ** 52] }), /take 8\.\d+e\+31/],
    ['a negative shape', withEntry({ shape: [-8, -2] }), /integers of at least 0/],
    ['a type of no numbers', withEntry({ dtype: 'I32' }), /has values of type I32/],
    ['a type that is unknown', withEntry({ dtype: 'Q4' }), /dtype must be one of/],
    ['a number as metadata', withMetadata({ text: 1 }), /text must be a string, not 1/],
    ['metadata that are no JSON', withMetadata({ model: '{' }), /the metadata model is not valid/],
    ['deep metadata', withMetadata({ model: '['.repeat(1e5) }), /64 deep/],
    ['a later version', withMetadata({ version: '99' }), /written by a later version of charnn/],
    [
      'another size',
      withMetadata({ model: JSON.stringify({ ...model.config, hidden: 3 }) }),
      /shape/,
    ],
    ['no model', withMetadata({ model: 'null' }), /model is not an object/],
    [
      'a tensor too many',
      fileOf({ ...header, x: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } }, data),
      /"x" is not part of the model/,
    ],
    [
      'a tensor of another name',
      fileOf(JSON.stringify(header).replace(name, 'rnn.weight_xx_l0'), data),
      /has no tensor rnn\.weight_hh_l0/,
    ],
  ])('%s', async (_, bytes, message) => {
    const attempt = imported(bytes);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/^[^\n]+$/);
  });

  const attack = '\u001b[31m\u009b2J\u202e';
  test.each<[string, Buffer]>([
    ['the name of a tensor', fileOf({ ...header, [attack]: { dtype: 'F32' } }, data)],
    ['a type', withEntry({ dtype: attack })],
    ['a name of the metadata', withMetadata({ [attack]: attack })],
    ['a version', withMetadata({ version: JSON.stringify(attack) })],
    ['a format', withMetadata({ format: attack })],
  ])('what would steer a terminal, in %s: it is shown as escapes', async (_, bytes) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    await expect(imported(bytes)).rejects.toThrow(/^[^\u0000-\u001f\u007f-\u009f\u202e]+$/);
  });

  test('a number that is not finite', async () => {
    const copy = Buffer.from(data);
    copy.writeFloatLE(Number.NaN, tensors[name].data_offsets[0] + 4);
    await expect(imported(fileOf(header, copy))).rejects.toThrow(/finite numbers.* not NaN at 1/);
  });
});

describe('state dicts of PyTorch', () => {
  const fixtures = new URL('../fixtures/state-dicts/', import.meta.url);
  const { characters } = JSON.parse(readFileSync(new URL('losses.json', fixtures), 'utf8'));
  const list = (name: string, value: unknown) => {
    writeFileSync(path(name), JSON.stringify(value));
    return path(name);
  };
  const five = list('five.json', ['e', 'd', 'c', 'b', 'a']);
  const lstm = {
    ...{ 'embedding.weight': [5, 3], 'linear.weight': [5, 2], 'linear.bias': [5] },
    ...{ 'rnn.weight_ih_l0': [8, 3], 'rnn.weight_hh_l0': [8, 2] },
  };

  test('characters get charnn’s order, and an unknown symbol that is next to impossible', async () => {
    const file = readFileSync(new URL('gru.safetensors', fixtures));
    const { header, data } = parts(file);
    const model = await imported(file, list('characters.json', characters));
    expect(model.config).toMatchObject({ cell: 'gru', layers: 2, hidden: 6, embedding: 4 });
    expect(model.vocabulary.toJSON().symbols).toEqual([...characters].sort());
    expect(model.config.vocabulary).toBe(characters.length + 1);
    const at = header['embedding.weight'].data_offsets[0] + 4 * 4 * characters.indexOf('\n');
    expect(model.weights[0]).toBe(data.readFloatLE(at));
  });

  test('null is the unknown symbol that a model has of its own', async () => {
    const withNull = list('null.json', ['e', null, 'c', 'b', 'a']);
    const model = await imported(constantFile(lstm), withNull);
    expect(model.config.vocabulary).toBe(5);
    expect(model.vocabulary.toJSON().symbols).toEqual(['a', 'b', 'c', 'e']);
  });

  test('numbers are bytes', async () => {
    const model = await imported(constantFile(lstm), list('bytes.json', [255, 13, 0, 7, 65]));
    expect(model.text).toEqual({ unit: 'byte', keepCr: true });
    expect(model.vocabulary.toJSON().symbols).toEqual([0, 7, 13, 65, 255]);
  });

  test.each<[string, Record<string, readonly number[]>, RegExp]>([
    ['no recurrent module', { 'linear.weight': [5, 2] }, /has no tensors weight_ih_l0/],
    ['both directions', { ...lstm, 'rnn.weight_ih_l0_reverse': [8, 3] }, /both directions/],
    ['a projection', { ...lstm, 'rnn.weight_hr_l0': [1, 2] }, /a projection of the state/],
    ['two modules', { ...lstm, 'other.weight_ih_l0': [8, 3] }, /second recurrent module/],
    ['a convolution', { ...lstm, 'conv.weight': [1, 2, 3] }, /"conv\.weight" belongs to no module/],
    ['a second output', { ...lstm, 'fc.weight': [5, 2] }, /a third matrix/],
    ['a second bias', { ...lstm, 'fc.bias': [5] }, /a second bias/],
    ['a layer left out', { ...lstm, 'rnn.weight_hh_l2': [8, 2] }, /but a tensor of layer 2/],
    ['half a layer', { ...lstm, 'rnn.weight_hh_l1': [8, 2] }, /has no tensor weight_ih_l1/],
    ['another cell', { ...lstm, 'rnn.weight_hh_l0': [4, 2] }, /nn\.LSTM \(4H, H\)/],
    ['other inputs', { ...lstm, 'embedding.weight': [5, 4] }, /must have the shape \[5,3\]/],
    ['no inputs', { ...lstm, 'rnn.weight_ih_l0': [8, 0] }, /has no columns for the input/],
    ['no output', { ...lstm, 'linear.weight': [0, 0] }, /must have the shape|lists 5/],
    [
      'too few characters',
      { ...lstm, 'embedding.weight': [6, 3], 'linear.weight': [6, 2], 'linear.bias': [6] },
      /lists 5 characters, but the output layer of .* has 6/,
    ],
  ])('%s is refused', async (_, shapes, message) => {
    const attempt = imported(constantFile(shapes), five);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/^[^\n]+$/);
  });

  test.each<[string, unknown, RegExp]>([
    ['an object', {}, /must be a JSON array/],
    ['a word', ['a', 'b', 'cd', 'e', 'f'], /item 2, counted from 0, must be one character/],
    ['a character twice', ['a', 'b', 'c', 'd', 'a'], /item 4.* occurs twice: "a"/],
    ['null twice', [null, 'b', 'c', null, 'a'], /item 3.* occurs twice: null/],
    ['nothing', [], /lists no characters/],
    ['half a surrogate pair', ['a', '\ud800', 'c', 'd', 'e'], /item 1/],
    ['bytes and characters', [1, 'b', 2, 3, 4], /item 1.* must be a byte/],
  ])('a list of characters with %s is refused', async (_, value, message) => {
    await expect(imported(constantFile(lstm), list('bad.json', value))).rejects.toThrow(message);
  });

  test('without a list of characters it is refused, and charnn’s own file with one', async () => {
    await expect(imported(constantFile(lstm))).rejects.toThrow(/name a file.* with vocabulary$/);
    const own = exported(buildModel({ symbols: 'ab' }));
    await expect(imported(own, five)).rejects.toThrow(/leave vocabulary out/);
  });
});

describe('a state dict gives the loss that PyTorch computes', () => {
  const fixtures = new URL('../fixtures/state-dicts/', import.meta.url);
  const { characters, text, losses }: Losses = JSON.parse(
    readFileSync(new URL('losses.json', fixtures), 'utf8'),
  );
  test.each(Object.entries(losses))('%s', async (name, loss) => {
    writeFileSync(path('characters.json'), JSON.stringify(characters));
    const file = readFileSync(new URL(`${name}.safetensors`, fixtures));
    const model = await imported(file, path('characters.json'));
    const { ids, unknown } = model.vocabulary.encode(text);
    expect(unknown).toBe(0);
    const device = await openDevice('reference');
    const { nats } = await evaluate(model, device, ids);
    device.close();
    expect(Math.abs(nats - loss)).toBeLessThan(1e-5);
  });
});

interface Losses {
  readonly characters: readonly string[];
  readonly text: string;
  readonly losses: Readonly<Record<string, number>>;
}
