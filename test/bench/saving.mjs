/**
 * Whether saving stalls a training: the time of each iteration at the default size (LSTM 2 × 256, 32 × 64
 * characters), with model and state written every ten steps, beside the same training that writes nothing.
 *
 *     node test/bench/saving.mjs [threads] [rounds] [steps]
 *
 * Prints median and longest iteration of both, turn by turn, and by how much the longest with saving is
 * above the median without. A thread of its own looks on, for the main one is busy with the saving.
 */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { writeModel } from '../../dist/checkpoint/model-file.js';
import { statePath, writeState } from '../../dist/checkpoint/state-file.js';
import { usableCores } from '../../dist/machine/cores.js';
import { Vocabulary } from '../../dist/text/vocabulary.js';
import { sizes } from '../../dist/train/length/preset.js';
import { Replicas } from '../../dist/train/replicas/replica-group.js';
import { SharedControl } from '../../dist/train/replicas/shared-control.js';
import { resolveTraining, textSettings } from '../../dist/train/resolve.js';
import { runTraining } from '../../dist/train/run.js';
import { makeFolder } from '../temporary-folder.mjs';

/** Notes when each step is done, to a tenth of a millisecond or so, until it is told to answer. */
function watch() {
  const { replicas, memory, nap } = workerData;
  const control = new SharedControl(replicas, memory);
  const sleeper = new Int32Array(nap);
  const times = [];
  let seen = control.step;
  while (Atomics.load(sleeper, 0) === 0) {
    Atomics.wait(sleeper, 0, 0, 0.1);
    if (control.step === seen) continue;
    seen = control.step;
    times.push([seen, performance.now()]);
  }
  parentPort.postMessage(times);
}

/** @returns the milliseconds of each iteration but the first few, the one with step s at index s */
async function iterations(threads, steps, save) {
  let watcher;
  const nap = new SharedArrayBuffer(4);
  const start = Replicas.start;
  Replicas.start = async (...args) => {
    const replicas = await start.apply(Replicas, args);
    const { replicas: count, memory } = replicas.control;
    const data = { replicas: count, memory, nap };
    watcher = new Worker(new URL(import.meta.url), { workerData: data });
    await new Promise((resolve) => watcher.once('online', resolve));
    return replicas;
  };
  const vocabulary = Vocabulary.of(
    'char',
    Array.from({ length: 64 }, (_, i) => 32 + i),
  );
  const train = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % vocabulary.size);
  const raw = { batchSize: 32, seqLength: 64, evalEvery: 10, threads, steps };
  const { text } = textSettings(raw);
  const { model, config } = resolveTraining(raw, {
    ...{ model: sizes.small, batchSize: 32, seqLength: 64, threads, dropout: 0.2 },
    length: { kind: 'steps', steps },
  });
  const corpus = { train, validation: train.subarray(0, 0), vocabulary, text, provenance: {} };
  try {
    await runTraining({ corpus, model, config, source: {}, save, onEvent() {} });
  } finally {
    Replicas.start = start;
  }
  Atomics.store(new Int32Array(nap), 0, 1);
  const times = await new Promise((resolve) => watcher.once('message', resolve));
  return times.slice(1).flatMap(([step, at], i) => (step > 20 ? [at - times[i][1]] : []));
}

const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.floor(q * (list.length - 1))];

async function compare() {
  const [threads = usableCores(), rounds = 3, steps = 100] = process.argv.slice(2).map(Number);
  const folder = makeFolder('charnn-saving-');
  const path = join(folder, 'charnn.json');
  const saves = {
    without: { model: async () => {}, state: async () => {} },
    with: {
      model: (model) => writeModel(path, model, { plainWeights: false }),
      state: (state) => writeState(statePath(path), state),
    },
  };
  const all = { without: [], with: [] };
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [name, save] of Object.entries(saves)) {
        const list = await iterations(threads, steps, save);
        all[name].push(...list);
        const [median, longest] = [0.5, 1].map((q) => quantile(list, q).toFixed(1));
        console.log(`round ${round}, ${name} saving: median ${median} ms, longest ${longest} ms`);
      }
    }
    const megabytes = [path, statePath(path)].map((file) => (statSync(file).size / 1e6).toFixed(1));
    const usual = quantile(all.without, 0.5);
    const stall = quantile(all.with, 1) - usual;
    console.log(
      `${threads} threads; ${megabytes.join(' and ')} MB a save; an iteration takes ${usual.toFixed(1)} ms, the longest with saving ${stall.toFixed(1)} ms more (without: ${(quantile(all.without, 1) - usual).toFixed(1)} ms)`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (isMainThread) await compare();
else watch();
