/** Training as a whole: determinism, exact resume, what the threads may and may not change. */

import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type DeviceKind, trainingPrecisions } from '#charnn/backend/device.js';
import { readModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { NumberFile } from '#charnn/checkpoint/number-file.js';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { precisions } from '#charnn/model/capabilities.js';
import type { CellName } from '#charnn/model/cells/cells.js';
import { type ArchitectureFlags, architectureFlags } from '#charnn/model/model-config.js';
import type { Model } from '#charnn/model/model-data.js';
import { inMemory } from '#charnn/model/number-list.js';
import { splitCorpus } from '#charnn/text/split.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import type { TrainEvent } from '#charnn/train/events.js';
import { precisionOf } from '#charnn/train/precision.js';
import { runTraining } from '#charnn/train/run.js';
import type { SnapshotStore } from '#charnn/train/saving/snapshot-store.js';
import type { TrainingState } from '#charnn/train/saving/training-state.js';
import type { TrainConfig } from '#charnn/train/train-config.js';
import { availableBackends } from '../backends.js';
import { temporaryFolder } from '../folder.js';

const text = Array.from(
  { length: 300 },
  (_, i) => `${i} bottles of beer on the wall, ${i} bottles of beer.\n`,
).join('');
const counts = new Map<number, number>();
for (const c of text) counts.set(c.charCodeAt(0), (counts.get(c.charCodeAt(0)) ?? 0) + 1);
const vocabulary = Vocabulary.fromCounts('char', counts, 1);
const { train, validation } = splitCorpus(vocabulary.encode(text).ids, 0.1);

const baseConfig: TrainConfig = {
  batchSize: 5,
  seqLength: 12,
  dropout: 0.2,
  dropoutMask: 'locked',
  weightDrop: 0.1,
  optimizer: 'muon',
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.99,
  alpha: 0.99,
  momentum: 0.9,
  epsilon: 1e-8,
  schedule: 'wsd',
  learningRate: 4e-3,
  warmup: 3,
  decayShare: 0.4,
  finalRate: 0.05,
  decay: 0.5,
  decayEvery: 1,
  patience: 1,
  average: 0.9,
  clip: 1,
  clipBy: 'norm',
  length: { kind: 'steps', steps: 30 },
  earlyStop: 0,
  onDivergence: 'stop',
  rollbacks: 0,
  evalEvery: 10,
  seed: 1,
  threads: 2,
  backend: 'reference',
};

interface Run {
  readonly reason: string;
  readonly model: Model;
  readonly state: TrainingState;
  readonly events: readonly TrainEvent[];
}

async function run(
  change: Partial<TrainConfig>,
  options: {
    resume?: TrainingState;
    initFrom?: Model;
    stopAt?: number;
    /** Stops before the first step, and before a first validation is done */
    stopAtOnce?: boolean;
    cell?: CellName;
    variants?: ArchitectureFlags;
    hidden?: number;
    store?: SnapshotStore;
  } = {},
): Promise<Run> {
  const events: TrainEvent[] = [];
  const abort = new AbortController();
  if (options.stopAtOnce) abort.abort();
  let model: Model | undefined;
  let state: TrainingState | undefined;
  const end = await runTraining({
    corpus: {
      train,
      validation,
      vocabulary,
      text: { unit: 'char', keepCr: false },
      provenance: { sha256: 'a test' },
    },
    model: {
      cell: options.cell ?? 'lstm',
      layers: 2,
      hidden: options.hidden ?? 9,
      embedding: 6,
      ...options.variants,
    },
    config: { ...baseConfig, ...change },
    source: {},
    ...(options.resume && { resume: options.resume }),
    ...(options.initFrom && { initFrom: options.initFrom }),
    signal: abort.signal,
    sink: {
      ...(options.store && { store: options.store }),
      async model(saved) {
        model = { ...saved, weights: inMemory(saved.weights) };
      },
      async state(saved) {
        // a store has room for one snapshot, so its lists are read while they are saved, as a file's writer does
        state = {
          ...saved,
          weights: inMemory(saved.weights),
          moments: saved.moments.map(inMemory),
          average: saved.average && inMemory(saved.average),
        };
        if (saved.step === options.stopAt) abort.abort();
      },
    },
    onEvent: (event) => events.push(event),
  });
  if (model === undefined || state === undefined) throw new Error('nothing saved');
  return { reason: end.reason, model, state, events };
}

const folder = temporaryFolder();

test('snapshots of a large training that wait in a file are the same as those in memory', async () => {
  const change: Partial<TrainConfig> = {
    ...{ optimizer: 'adam', batchSize: 8, seqLength: 32, evalEvery: 1, threads: 1 },
    ...{ weightDrop: 0, backend: 'auto', length: { kind: 'steps', steps: 2 } },
  };
  const hidden = 740;
  const file = new NumberFile(join(folder, 'large.json'));
  const store: SnapshotStore = { put: vi.fn(file.put.bind(file)) };
  const full: SnapshotStore = {
    async put() {
      throw new Error('no room');
    },
  };
  try {
    const stored = await run(change, { hidden, store });
    expect(store.put).toHaveBeenCalled();
    const held = await run(change, { hidden });
    const pushedOut = await run(change, { hidden, store: full });
    for (const { model, state } of [held, pushedOut]) {
      expect(sameBits(stored.model.weights, model.weights)).toBe(true);
      expect(sameBits(stored.state.weights, state.weights)).toBe(true);
      expect(stored.state.moments.every((m, i) => sameBits(m, state.moments[i]))).toBe(true);
      expect(sameBits(stored.state.average as Float32Array, state.average as Float32Array)).toBe(
        true,
      );
    }
    expect(sameBits(stored.state.weights, stored.model.weights)).toBe(false);
  } finally {
    await file.close();
  }
}, 240_000);

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = (list: Float32Array) => Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  return bytes(a).equals(bytes(b));
}

describe('from a model that is given', () => {
  const short = { length: { kind: 'steps', steps: 20 } } as const;

  test('it is validated before the first step, and the best until something is better', async () => {
    const { model } = await run(short);
    const { events, model: tuned } = await run(
      // at a rate at which nothing is learned
      { ...short, learningRate: 1e-30, weightDrop: 0, dropout: 0 },
      { initFrom: model },
    );
    const [first, ...others] = events.flatMap((e) => (e.type === 'validation' ? [e] : []));
    expect(first.step).toBe(0);
    expect(first.best).toBe(true);
    expect(first.trainLoss).toBeNull();
    expect(first.validationLoss).toBe(model.history.at(-1)?.validationLoss);
    expect(others.map(({ step }) => step)).toEqual([10, 20]);
    expect(tuned.history[0]).toMatchObject({ step: 0, validationLoss: first.validationLoss });
  });

  test('stopped before or after that validation, and resumed: the same bits as never stopped', async () => {
    const { model } = await run(short);
    const whole = await run(short, { initFrom: model });
    const early = await run(short, { initFrom: model, stopAtOnce: true });
    expect(early.reason).toBe('interrupted');
    expect(early.state.history).toEqual([]);
    const late = await run(short, { initFrom: model, stopAt: 0 });
    expect(late.state.history).toHaveLength(1);
    for (const { state } of [early, late]) {
      const path = join(folder, 'tuned.state.json');
      await writeState(path, state);
      const resumed = await run(short, { resume: await readState(path) });
      expect(resumed.model).toEqual(whole.model);
      expect({ ...resumed.state, seconds: 0 }).toEqual({ ...whole.state, seconds: 0 });
    }
  });
});

const computing = availableBackends.flatMap(([name]) => {
  const backend = name as DeviceKind;
  return trainingPrecisions
    .filter((precision) => precisions[precision].backends.includes(backend))
    .map((precision) => ({ backend, precision }));
});

describe.each(computing)('$backend in $precision', ({ backend, precision }) => {
  const device = { backend, precision } as const;
  const undisturbed = new Map<string, Promise<Run>>();

  /** The training with two threads that is not interrupted, with which several tests compare theirs */
  function whole(cell: CellName, variants: ArchitectureFlags): Promise<Run> {
    const key = `${cell} ${JSON.stringify(variants)}`;
    const found = undisturbed.get(key) ?? run(device, { cell, variants });
    undisturbed.set(key, found);
    return found;
  }

  test.each([
    ['rnn', {}],
    ['lstm', {}],
    ['gru', {}],
    ['lstm', { residual: true }],
    ['lstm', { layerNorm: true }],
  ] as const)(
    '%s %j: stopped at step 20, saved to a file, resumed: the same bits as never stopped',
    async (cell, variant) => {
      const network = { cell, variants: variant };
      const expected = await whole(cell, variant);
      const first = await run(device, { ...network, stopAt: 20 });
      expect(first.reason).toBe('interrupted');
      const path = join(folder, `${backend}-${precision}-${cell}.state.json`);
      await writeState(path, first.state);
      const state = await readState(path);
      expect(precisionOf(state.config)).toBe(precision);
      const second = await run(device, {
        ...{ cell, variants: architectureFlags(state.model), resume: state },
      });
      expect(second.state.weights).toEqual(expected.state.weights);
      expect(second.state.moments).toEqual(expected.state.moments);
      expect(second.state.average).toEqual(expected.state.average);
      expect(second.state.hidden).toEqual(expected.state.hidden);
      expect(second.model.history).toEqual(expected.model.history);
      expect(second.model.weights).toEqual(expected.model.weights);
    },
  );

  test('the same seed gives the same bits, another seed others', async () => {
    const a = await whole('lstm', {});
    const [b, c] = [await run(device), await run({ ...device, seed: 2 })];
    expect(b.model.weights).toEqual(a.model.weights);
    expect(c.model.weights).not.toEqual(a.model.weights);
  });

  test.each([{}, { layerNorm: true }])(
    '1, 2 and 3 threads train the same model, dropout included: %j',
    async (variants) => {
      // sums in another order may round to another bfloat16
      const tolerance = precision === 'f32' ? 1e-4 : 2e-2;
      // differences grow from step to step
      const long = { ...device, length: { kind: 'steps', steps: 60 }, evalEvery: 20 } as const;
      const one = await run({ ...long, threads: 1 }, { variants });
      for (const threads of [2, 3]) {
        const { model } = await run({ ...long, threads }, { variants });
        const difference = model.weights.map((w, i) => Math.abs(w - one.model.weights[i]));
        expect(Math.max(...difference)).toBeLessThan(tolerance);
      }
    },
  );

  test('training lowers the validation loss', async () => {
    const { events } = await whole('lstm', {});
    const losses = events.flatMap((e) => (e.type === 'validation' ? [e.validationLoss] : []));
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(losses[0] as number);
  });
});

test.each(['muon', 'adam', 'adamw', 'rmsprop', 'sgd'] as const)(
  '%s resumes exactly',
  async (optimizer) => {
    const change = {
      optimizer,
      schedule: 'plateau',
      learningRate: optimizer === 'sgd' ? 0.2 : 2e-3,
    } as const;
    const whole = await run(change);
    const first = await run(change, { stopAt: 10 });
    const second = await run(change, { resume: first.state });
    expect(second.state.weights).toEqual(whole.state.weights);
    expect(second.state.plateau).toEqual(whole.state.plateau);
  },
);

test.each(['wsd', 'cosine', 'constant'] as const)(
  'a training by the clock (%s) is repeated by the steps it came to, bit for bit',
  async (schedule) => {
    const change = { schedule, evalEvery: undefined, backend: 'auto' } as const;
    const clock = await run({ ...change, length: { kind: 'seconds', seconds: 1 } });
    const { steps, evalEvery } = clock.state.plan;
    expect(steps).toBe(clock.state.step);
    if (steps === null || evalEvery === null) throw new Error('nothing planned');
    const again = await run({ ...change, evalEvery, length: { kind: 'steps', steps } });
    expect(again.state.weights).toEqual(clock.state.weights);
    expect(again.model).toEqual(clock.model);
  },
);

test('the model is the moving average of the weights, which is also what is validated', async () => {
  const change = { length: { kind: 'steps', steps: 3 }, evalEvery: 1 } as const;
  const plain = await run({ ...change, average: 0 });
  const averaged = await run({ ...change, average: 0.5 });
  expect(averaged.state.weights).not.toEqual(averaged.model.weights);
  expect(averaged.state.average).toEqual(averaged.model.weights);
  const losses = (r: Run) => r.model.history.map((entry) => entry.validationLoss);
  expect(losses(averaged)).not.toEqual(losses(plain));
});

test('a learning rate beyond all bounds ends as divergence, the weights still finite', async () => {
  const change = {
    optimizer: 'sgd',
    schedule: 'constant',
    learningRate: 1e6,
    warmup: 0,
    clipBy: 'none',
    evalEvery: 1,
  } as const;
  const { reason, model } = await run(change);
  expect(reason).toBe('diverged');
  expect(model.weights.every(Number.isFinite)).toBe(true);
});

test.each([false, true])(
  'a model file gives back every bit (plain weights: %s)',
  async (plainWeights) => {
    const { model } = await run({ length: { kind: 'steps', steps: 1 } });
    const path = join(folder, `model-${plainWeights}.json`);
    await writeModel(path, model, { plainWeights });
    const read = await readModel(path);
    expect(read.weights).toEqual(model.weights);
    expect(read.config).toEqual(model.config);
    expect(read.vocabulary.symbols).toEqual(model.vocabulary.symbols);
    expect(read.history).toEqual(model.history);
  },
);

test.each(availableBackends.map(([name]) => name).filter((name) => name !== 'reference'))(
  'losses of 200 steps with %s stay within 1e-3 of the reference',
  async (name) => {
    const change = { length: { kind: 'steps', steps: 200 }, evalEvery: 10, dropout: 0 } as const;
    const losses = async (backend: string) =>
      (await run({ ...change, backend: backend as TrainConfig['backend'] })).events.flatMap((e) =>
        e.type === 'validation' ? [e.trainLoss ?? Number.NaN] : [],
      );
    const [expected, computed] = [await losses('reference'), await losses(name)];
    expect(computed).toHaveLength(20);
    computed.forEach((loss, i) => {
      expect(Math.abs(loss - expected[i]) / expected[i]).toBeLessThan(1e-3);
    });
  },
);
