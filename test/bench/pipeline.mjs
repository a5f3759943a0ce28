/**
 * Speed of `charnn score` and `charnn sample -n 64` as a pipeline sees it: the whole process, its start
 * included, on a model of 2 × 256 with the vocabulary of the bundled text. The weights do not matter.
 *
 *     node test/bench/pipeline.mjs [seconds of work, about]
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel as save } from '#charnn/checkpoint/model-file.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { folderOfProcess } from '../temporary-folder.mjs';

const seconds = Number(process.argv[2] ?? 8);
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const book = readFileSync(new URL('../../data/moby-dick.txt', import.meta.url), 'utf8');
const folder = folderOfProcess('charnn-bench-');

const vocabulary = Vocabulary.of(
  'char',
  Array.from(book, (c) => c.codePointAt(0)),
);
const config = {
  cell: 'lstm',
  layers: 2,
  hidden: 256,
  embedding: 64,
  vocabulary: vocabulary.size,
};
const model = join(folder, 'model.json');
await save(
  model,
  {
    config,
    vocabulary,
    text: { unit: 'char', keepCr: false },
    weights: initialValues(parameterTable(config), 1),
    training: undefined,
    history: [],
  },
  { plainWeights: false },
);

/** Lines of about 80 characters, cut from the book */
const lines = join(folder, 'lines.txt');
const flowing = book.replace(/\s+/g, ' ');
let text = '';
for (let at = 0; text.length < 100_000 * seconds; ) {
  const length = 70 + ((at * 7) % 21);
  text += `${flowing.substr(at % (flowing.length - 100), length)}\n`;
  at += length;
}
writeFileSync(lines, text);

async function time(name, characters, args) {
  const started = performance.now();
  const child = spawn(process.execPath, [binary, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let bytes = 0;
  child.stdout.on('data', (chunk) => {
    bytes += chunk.length;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  const taken = (performance.now() - started) / 1e3;
  if (status !== 0 || bytes < characters) throw new Error(`${name} ended with status ${status}`);
  const rate = (characters / taken / 1e3).toFixed(1);
  console.log(`${name.padEnd(16)}${rate.padStart(7)} thousand char/s (${taken.toFixed(1)} s)`);
}

await time('score', text.length, ['score', '-m', model, lines]);
const length = Math.round((70_000 * seconds) / 64);
await time('sample -n 64', 64 * length, [
  ...['sample', '-m', model, '-n', '64', '-l', `${length}`, '--seed', '1'],
]);
