/**
 * A file names the least version that can read it, so that an earlier charnn reads what it understands, and refuses
 * the rest with the advice to update.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAnyModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { latestVersion } from '#charnn/checkpoint/versions.js';
import { Folder, verses } from '../commands/run.js';

const pairs = Array.from({ length: 40 }, (_, i) => `${i}\t${i + 1}\n`).join('');
const tiny = [
  '--layers',
  '1',
  '--hidden',
  '8',
  '--batch-size',
  '2',
  '--steps',
  '2',
  '--threads',
  '1',
];
const equations = "h' = tanh(W x + U h + b)\n";

test.each([
  { what: 'a text', options: [], model: 3, state: 3 },
  { what: 'documents', options: ['--documents'], model: 3, state: 4 },
  { what: 'counts', options: ['--counts', '2'], model: 4, state: 5 },
  { what: 'a cell of the library', options: ['--cell', 'mgu'], model: 5, state: 6 },
  { what: 'a cell of a file', options: ['--cell', 'own.cell'], model: 5, state: 6 },
  { what: 'both', options: ['--cell', 'mgu', '--counts', '2'], model: 5, state: 6 },
  { what: 'pairs', options: ['--pairs'], model: 5, state: 6 },
])('of a training with $what', async ({ what, options, model, state }) => {
  const folder = new Folder();
  folder.write('own.cell', equations);
  folder.write('text.txt', what === 'pairs' ? pairs : verses(2000));
  const { status, stderr } = await folder.run(['train', 'text.txt', ...tiny, ...options]);
  expect(status, stderr).toBe(0);
  expect(folder.json('charnn.json').version).toBe(model);
  expect(folder.json('charnn.state.json').version).toBe(state);
  // what was written can be read
  await readAnyModel(join(folder.path, 'charnn.json'));
  await readState(join(folder.path, 'charnn.state.json'));
});

test.each(['model', 'state'] as const)(
  'a %s of the version after the latest is refused',
  async (kind) => {
    const folder = new Folder();
    const format = kind === 'model' ? 'charnn' : 'charnn-state';
    const version = latestVersion(kind) + 1;
    folder.write('later.json', JSON.stringify({ format, version, sha256: '', tensors: [] }));
    const read = kind === 'model' ? readAnyModel : readState;
    await expect(read(join(folder.path, 'later.json'))).rejects.toThrow(
      new RegExp(
        `written by a later version of charnn \\(version ${version} .* reads up to ${version - 1}\\); update`,
      ),
    );
  },
);
