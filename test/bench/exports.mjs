/**
 * Whether other programs compute what charnn does: for every size and cell a model is exported as safetensors and as
 * graphs of ONNX, and PyTorch and onnxruntime compute its loss on a text, which is compared with charnn eval's.
 *
 *     node test/bench/exports.mjs --python /path/to/python [--only 'lstm|size medium'] [--keep folder]
 *
 * The Python needs torch, safetensors, onnx, onnxruntime and autograd (for the cells of equations, which are those of
 * test/fixtures/cells.py). Weights are random, and large enough for the logits to differ.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { libraryNames } from '#charnn/cells/cell-library.js';
import { writeModel } from '#charnn/checkpoint/model-file.js';
import { cellNames, chooseCell } from '#charnn/model/cells/cells.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { sizes } from '#charnn/train/length/preset.js';
import { folderOfProcess } from '../temporary-folder.mjs';

const { values: given } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: '' },
    keep: { type: 'string' },
  },
});
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const folder = given.keep ?? folderOfProcess('charnn-exports-');
mkdirSync(folder, { recursive: true });
const charnn = (...words) =>
  execFileSync(process.execPath, [binary, ...words], { cwd: folder, encoding: 'utf8' });

const verse = (i) => `${i} grüne Flaschen 🦊 hanging on the wall, and if ${i % 7} should fall.\n`;
const text = Array.from({ length: 16 }, (_, i) => verse(i)).join('');
writeFileSync(join(folder, 'text.txt'), text);

const narrow = { layers: 2, hidden: 48, embedding: 24 };
const cases = [
  ...[...cellNames, ...libraryNames].map((cell) => [cell, { ...narrow, ...chooseCell(cell) }]),
  ['lstm, one-hot', { ...narrow, cell: 'lstm', embedding: 0 }],
  ['gru, residual', { ...narrow, cell: 'gru', layers: 3, residual: true }],
  ...Object.entries(sizes).map(([name, size]) => [`size ${name}`, { cell: 'lstm', ...size }]),
].filter(([name]) => new RegExp(given.only).test(name));

async function write(name, shape) {
  const vocabulary = Vocabulary.of(
    'char',
    Array.from(text, (character) => character.codePointAt(0)),
  );
  const config = { ...shape, vocabulary: vocabulary.size };
  // larger weights than at the beginning of a training, as after it; logits of a few units
  const weights = initialValues(parameterTable(config), 1).map((value) => 2 * value);
  const model = { config, vocabulary, text: { unit: 'char', keepCr: false }, weights, history: [] };
  await writeModel(join(folder, `${name}.json`), model, { plainWeights: false });
}

const rows = [];
for (const [name, shape] of cases) {
  await write(name, shape);
  const { loss } = JSON.parse(charnn('eval', 'text.txt', '-m', `${name}.json`, '--json'));
  charnn('export', `${name}.json`, '-q');
  charnn('export', `${name}.json`, '-q', '-o', `${name}.step.onnx`);
  const fits = !shape.equations && !shape.layerNorm;
  if (fits) {
    charnn('export', `${name}.json`, '-q', '-o', `${name}.sequence.onnx`, '--graph', 'sequence');
  }
  charnn('import', `${name}.safetensors`, '-q', '-o', 'back.json', '--force');
  const [before, after] = [`${name}.json`, 'back.json'].map((file) =>
    readFileSync(join(folder, file)),
  );
  rows.push({ name, loss, sequence: fits, equal: before.equals(after) });
}
writeFileSync(join(folder, 'cases.json'), JSON.stringify(rows));
const script = fileURLToPath(new URL('exports.py', import.meta.url));
const { status } = spawnSync(given.python, [script, folder], { stdio: 'inherit' });
process.exitCode = status ?? 1;
