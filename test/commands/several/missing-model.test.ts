/** Commands that need a model, where there is none. */
import { expect, test } from 'vitest';
import { Folder } from '../run.js';

test.each([
  ['sample', '--length', '1'],
  ['sample', '--last'],
  ['eval', 'text.txt'],
  ['score', 'text.txt'],
  ['inspect'],
  ['export'],
  ['gradients', 'text.txt'],
  ['visualize', 'text.txt'],
])('%j where no model is says what to do', async (...words) => {
  const folder = new Folder();
  folder.write('text.txt', 'a text');
  const { status, stderr } = await folder.run(words, '');
  expect(status).toBe(1);
  const file = words.includes('--last') ? 'charnn.state.json' : 'charnn.json';
  expect(stderr).toBe(
    `charnn: there is no file ${file}: train a model with charnn train, or name one with --model\n`,
  );
});
