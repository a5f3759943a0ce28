/** Graphs of ONNX give the logits and states of the network, computed by onnxruntime. */
import * as ort from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { openDevice } from '#charnn/backend/open-device.js';
import { libraryNames } from '#charnn/cells/cell-library.js';
import {
  type GraphKind,
  hasSequenceOperator,
  onnxModel,
} from '#charnn/exchange/onnx/onnx-model.js';
import { cellNames, chooseCell } from '#charnn/model/cells/cells.js';
import { loadNetwork } from '#charnn/model/load.js';
import type { Model } from '#charnn/model/model-data.js';
import { type BuildOptions, buildModel } from '../small-model.js';

const [T, B] = [5, 3];

/** Ids of a chunk, [T, B] */
function chunkIds(model: Model, chunk: number): number[] {
  const V = model.config.vocabulary;
  return Array.from({ length: T * B }, (_, i) => (7 * i + 5 * chunk + (i % B) ** 2) % V);
}

/** The logits of two chunks that follow one another, [2·T·B, V], as charnn computes them. */
async function expectedLogits(model: Model): Promise<number[]> {
  const device = await openDevice('reference');
  const backend = device.operations;
  const network = loadNetwork(model, backend, { maxRows: T * B, maxBatch: B });
  const state = network.createState(B);
  const logits: number[] = [];
  for (const chunk of [0, 1]) {
    const ids = backend.indices(T * B);
    backend.writeIndices(ids, chunkIds(model, chunk));
    logits.push(...(await backend.read(network.forward(ids, T, B, state))));
  }
  device.close();
  return logits;
}

/** The same as onnxruntime computes them. */
async function graphLogits(model: Model, kind: GraphKind): Promise<number[]> {
  const session = await ort.InferenceSession.create(Buffer.concat(onnxModel(model, kind)));
  const { layers: L, hidden: H } = model.config;
  const [, ...stateNames] = session.inputNames;
  let states = stateNames.map(
    () => new ort.Tensor('float32', new Float32Array(L * B * H), [L, B, H]),
  );
  const logits: number[] = [];
  for (const chunk of [0, 1]) {
    const ids = BigInt64Array.from(chunkIds(model, chunk), BigInt);
    const inputs =
      kind === 'sequence'
        ? [new ort.Tensor('int64', ids, [T, B])]
        : Array.from({ length: T }, (_, t) => {
            return new ort.Tensor('int64', ids.slice(t * B, (t + 1) * B), [B]);
          });
    for (const input of inputs) {
      const given = stateNames.map((name, i) => [name, states[i]] as const);
      const found = await session.run({ ids: input, ...Object.fromEntries(given) });
      const [first, ...rest] = session.outputNames;
      logits.push(...(found[first].data as Float32Array));
      states = rest.map((name) => found[name] as ort.TypedTensor<'float32'>);
    }
  }
  await session.release();
  return logits;
}

const odd = [
  "c' = b",
  "h' = norm(W x + U h)*g + max(U_2 (d + 1), logsigmoid(c)) - log(2 + stop(exp(-relu(e))))",
  'b = uniform(-1, 1)',
  'd = 0.5',
  'g = 0.7',
  'e = 0.3',
].join('\n');

const variants: readonly (readonly [string, Omit<BuildOptions, 'symbols'>])[] = [
  ...[...cellNames, ...libraryNames].map(
    (cell) => [cell, { ...chooseCell(cell), layers: 2 }] as const,
  ),
  ['one-hot', { embedding: 0 }],
  ['residual', { layers: 3, residual: true }],
  ['size medium, but narrow', { layers: 3, residual: true, layerNorm: true }],
  ['equations of all functions', { cell: 'odd', equations: odd }],
];

describe.each(variants)('%s', (_, options) => {
  const model = buildModel({ symbols: 'abcdefü🦊', scale: 2, ...options });
  const kinds: readonly GraphKind[] = hasSequenceOperator(model.config)
    ? ['step', 'sequence']
    : ['step'];
  test.each(kinds)('a graph of a %s', async (kind) => {
    const [found, expected] = [await graphLogits(model, kind), await expectedLogits(model)];
    expect(found.length).toBe(expected.length);
    // a network whose logits hardly differ would hide mistakes
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
    const largest = Math.max(...found.map((x, i) => Math.abs(x - expected[i])));
    expect(largest).toBeLessThan(1e-5 * Math.max(1, ...expected.map(Math.abs)));
  });
});

test('the metadata say what the ids stand for, and that counts are left out', async () => {
  const model = buildModel({ symbols: 'aü', hidden: 2 });
  const text = Buffer.concat(onnxModel(model, 'step')).toString('utf8');
  expect(text).toContain('{"unit":"char","symbols":["a","ü"]}');
  expect(text).not.toContain('counts');
});
