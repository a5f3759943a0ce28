/**
 * charnn's WebAssembly back end and TensorFlow.js's side by side, interleaved in one run: a training
 * iteration of one model, batch 50, sequence 50, V = 65, embedding 64, Adam.
 *
 *     npm install --prefix FOLDER @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
 *     node test/bench/tensorflow.mjs FOLDER [--rounds 3]
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' } },
});
const require = createRequire(resolve(positionals[0] ?? '.', 'package.json'));
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');
const charnnBin = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));

const [V, D, B, T] = [65, 64, 50, 50];
const grid = [
  { layers: 1, hidden: 128 },
  { layers: 2, hidden: 256 },
];
const iterations = 3;

/** Thousand characters a second of training in TensorFlow.js. */
async function tensorflow({ layers, hidden }) {
  const model = tf.sequential();
  // its WebAssembly back end has no gradient of a look-up: the table as a product with one-hot rows
  model.add(tf.layers.dense({ units: D, useBias: false, batchInputShape: [B, T, V] }));
  for (let l = 0; l < layers; l++) {
    model.add(tf.layers.lstm({ units: hidden, returnSequences: true }));
  }
  model.add(tf.layers.dense({ units: V, activation: 'softmax' }));
  model.compile({ optimizer: tf.train.adam(2e-3), loss: 'categoricalCrossentropy' });
  const oneHot = () => {
    const ids = Int32Array.from({ length: B * T }, () => Math.floor(Math.random() * V));
    return tf.oneHot(tf.tensor2d(ids, [B, T], 'int32'), V).toFloat();
  };
  const [x, y] = [oneHot(), oneHot()];
  await model.trainOnBatch(x, y);
  const start = performance.now();
  for (let i = 0; i < iterations; i++) await model.trainOnBatch(x, y);
  const seconds = (performance.now() - start) / 1000;
  model.dispose();
  tf.dispose([x, y]);
  return (iterations * B * T) / seconds / 1000;
}

function charnn({ layers, hidden }) {
  const size = ['--layers', layers, '--hidden', hidden, '--backend', 'wasm', '--json'];
  const args = [charnnBin, 'bench', ...size].map(String);
  return (
    JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })).charactersPerSecond /
    1000
  );
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

await tf.setBackend('wasm');
console.log(
  `TensorFlow.js ${tf.version.tfjs}, back end ${tf.getBackend()}; thousand characters a second`,
);
for (const size of grid) {
  const theirs = [];
  const ours = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    theirs.push(await tensorflow(size));
    ours.push(charnn(size));
  }
  const [a, b] = [median(theirs), median(ours)];
  const name = `${size.layers} × ${size.hidden}`;
  console.log(
    `${name}: TensorFlow.js ${a.toFixed(2)}, charnn ${b.toFixed(1)} (${(b / a).toFixed(1)}×)`,
  );
}
