/** Damaged model files, which every command reads alike. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from '../run.js';

let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '-q');
  model = folder.read('charnn.json');
});

describe('damaged models are refused in one line that names the field', () => {
  type Json = Record<string, never> & { model: { hidden: number }; tensors: { data: string }[] };
  const changed = (change: (value: Json) => void) => {
    const value = JSON.parse(model.toString());
    change(value);
    return JSON.stringify(value);
  };
  test.each([
    ['cut off', () => model.subarray(0, model.length / 2), /not valid JSON/],
    ['of another kind', () => '{"format":"x"}', /format/],
    [
      'of a later version',
      () => model.toString().replace('"version":3', '"version":99'),
      /later version of charnn/,
    ],
    [
      'with another hidden size',
      () =>
        changed((v) => {
          v.model.hidden = 9;
        }),
      /tensors\[1\]: shape \(rnn\.weight_ih_l0\)/,
    ],
    [
      'with a hidden size that is no number',
      () => model.toString().replace('"hidden":8', '"hidden":"8"'),
      /model: hidden must be an integer/,
    ],
    [
      'with layer normalisation of a cell that has none',
      () => model.toString().replace('"cell":"lstm"', '"cell":"rnn","layerNorm":true'),
      /model: layerNorm is for cell lstm, not rnn/,
    ],
    [
      'with not-a-number in a tensor',
      () =>
        changed((v) => {
          v.tensors[0].data = `AADAfwAA${v.tensors[0].data.slice(8)}`;
        }),
      /data \(embedding\.weight\) must be finite/,
    ],
    [
      'with too little data',
      () =>
        changed((v) => {
          v.tensors[0].data = v.tensors[0].data.slice(4);
        }),
      /data \(embedding\.weight\)/,
    ],
  ])('%s', async (_, content, message) => {
    const folder = new Folder();
    folder.write('charnn.json', content());
    const { status, stdout, stderr } = await folder.run(['sample']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});
