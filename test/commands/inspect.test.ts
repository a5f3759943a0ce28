/** `charnn inspect`. */
import { expect, test } from 'vitest';
import { Folder, verses } from './run.js';

test('inspect says what a model is', async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '-q');
  const { stdout } = await folder.run(['inspect']);
  expect(stdout).toContain('1 × lstm of 8');
  expect(stdout).toContain('rnn.weight_hh_l0');
  // a histogram of each tensor, and the course of the loss
  expect(stdout).toMatch(/−0\.\d+ [ ▁▂▃▄▅▆▇█]{40} 0\.\d+/);
  expect(stdout).toMatch(/● training, bits per character {3}× validation/);
  // the settings of the training are in words, not in JSON
  expect(stdout).toMatch(/^ {2}optimizer +muon, weight decay 0\.01, /m);
  expect(stdout).toMatch(/^ {2}batch size +2$/m);
  expect(stdout).not.toMatch(/[{}]|null|\d\.\d{6}/);
  const summary = JSON.parse((await folder.run(['inspect', '--json'])).stdout);
  expect(summary.model.cell).toBe('lstm');
  expect(summary.tensors[0].name).toBe('embedding.weight');
});
