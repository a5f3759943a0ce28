/** `charnn eval` of a model of texts. */
import { beforeAll, expect, test } from 'vitest';
import { Folder, verses } from './run.js';

let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '-q');
  model = folder.read('charnn.json');
});

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

test('eval prints loss, bits per character, perplexity, characters and unknowns', async () => {
  const folder = withModel();
  folder.write('other.txt', `${verses(500)}Ω`);
  const { stdout } = await folder.run(['eval', 'other.txt', '--json']);
  const result = JSON.parse(stdout);
  expect(result.unknown).toBe(1);
  expect(result.bitsPerCharacter).toBeCloseTo(result.loss / Math.LN2, 9);
  expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 6);
  const plain = await folder.run(['eval'], verses(500));
  expect(plain.stdout).toMatch(/bits per char +\d/);
});

test('eval of the validation part is the loss that training reported', async () => {
  const folder = withModel();
  const { history } = JSON.parse(model.toString());
  const best = Math.min(...history.map((h: { validationLoss: number }) => h.validationLoss));
  const text = verses(2000);
  folder.write('val.txt', text.slice(text.length - Math.round(text.length * 0.1)));
  const { stdout } = await folder.run(['eval', 'val.txt', '--json']);
  expect(JSON.parse(stdout).loss).toBeCloseTo(best, 4);
});
