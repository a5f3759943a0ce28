/**
 * A model of 200 million parameters (other sizes: node test/faults/large.mjs <hidden>) is saved and
 * loaded, and so is the state of its training. Prints times, sizes and the most memory that was held.
 */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { plainTraining } from '#charnn/train/train-config.js';
import { makeFolder } from '../temporary-folder.mjs';

const hidden = Number(process.argv[2] ?? 4080);
const vocabulary = Vocabulary.of(
  'char',
  Array.from({ length: 100 }, (_, i) => 32 + i),
);
const config = { cell: 'lstm', layers: 2, hidden, embedding: 64, vocabulary: vocabulary.size };
const text = { unit: 'char', keepCr: false };
const { count, flatSize, parameters } = parameterTable(config);
const folder = makeFolder('charnn-large-');
const path = join(folder, 'large.json');

const megabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const most = () => process.resourceUsage().maxRSS * 1024;

/** Numbers of all kinds, zero between the parameters. */
function values(seed) {
  const list = new Float32Array(flatSize);
  for (const { start, size } of parameters) {
    for (let i = start; i < start + size; i++) list[i] = Math.sin(i * seed);
  }
  return list;
}

function same(a, b) {
  return Buffer.compare(new Uint8Array(a.buffer), new Uint8Array(b.buffer)) === 0;
}

async function timed(what, work) {
  const start = performance.now();
  const result = await work();
  console.log(`${what} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** Writes and reads; the original and the copy of `lists` lists of parameters are held. */
async function roundTrip(what, lists, write, read) {
  const before = most();
  await timed(`${what} saved`, write);
  console.log(`${what}: ${megabytes(statSync(path).size)} on disk`);
  const equal = await timed(`${what} loaded`, read);
  const above = most() - before - lists * 4 * flatSize;
  console.log(`${what}: ${megabytes(above)} of memory above that of its tensors`);
  if (!equal || above > 2 ** 31) process.exitCode = 1;
  console.log(`${what}: ${equal ? 'the same bits' : 'NOT THE SAME'}`);
}

try {
  console.log(`${count} parameters, ${megabytes(4 * flatSize)}`);
  const weights = values(1);
  const model = { config, vocabulary, text, weights, training: {}, history: [] };
  await roundTrip(
    'model',
    1,
    () => writeModel(path, model, { plainWeights: false }),
    async () => same((await readModel(path)).weights, weights),
  );
  const state = {
    config: { ...plainTraining, batchSize: 1, seqLength: 1, threads: 1, backend: 'native' },
    ...{ model: config, vocabulary, text, provenance: {}, source: {}, id: 'large', step: 1 },
    ...{ seconds: 1, plan: { steps: 1, evalEvery: 1 }, bestLoss: 1, rollbacks: 0, history: [] },
    plateau: { factor: 1, waited: 0 },
    tally: { steps: 0, loss: 0, gradientNorm: 0, clipped: 0 },
    weights,
    moments: [values(2), values(3)],
    average: undefined,
    hidden: [0, 1].map(() => [0, 1].map(() => new Float32Array(hidden))),
  };
  await roundTrip(
    'state',
    3,
    () => writeState(path, state),
    async () => {
      const copy = await readState(path);
      return [copy.weights, ...copy.moments].every((list, i) =>
        same(list, [weights, ...state.moments][i]),
      );
    },
  );
} finally {
  rmSync(folder, { recursive: true });
}
