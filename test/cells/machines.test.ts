/** Every cell on every back end: loss, states and gradients against the reference in float64, rounded alike. */
import { describe, expect, test } from 'vitest';
import type { Precision } from '#charnn/backend/device.js';
import { libraryNames, libraryText } from '#charnn/cells/cell-library.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { machines } from '../backend/machines.js';
import { referenceBackend, type SyncBackend } from '../backends.js';
import { smallNetwork } from '../model/small-network.js';
import { oddCells } from './odd-cells.js';

const cells: [string, string][] = [
  ...libraryNames.map((name): [string, string] => [name, libraryText(name)]),
  ...Object.entries(oddCells),
];

interface Shape {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

const shapes: readonly Shape[] = [
  { T: 3, B: 2, H: 7 },
  { T: 2, B: 13, H: 65 },
];
/** A row is more than one tile. */
const longRows: Shape = { T: 1, B: 2, H: 530 };
const withLongRows = ['lstm', 'nas', 'a norm of the units', 'all functions'];

const V = 5;

function run(backend: SyncBackend, equations: string, { T, B, H }: Shape) {
  const config: ModelConfig = {
    ...{ cell: 'equations', equations, layers: 2, hidden: H, embedding: 3, vocabulary: V },
  };
  const { network, ids, takeGradients } = smallNetwork(
    backend,
    config,
    T * B,
    B,
    1.5 / Math.sqrt(H),
  );
  const state = network.createState(B);
  const list = (length: number, by: number) =>
    ids(Array.from({ length }, (_, i) => (i * by + 1) % V));
  const outputs: [string, ArrayLike<number>][] = [];
  // the second chunk has fewer rows than there are characters, so that no table is made of the input
  for (const [chunk, steps] of [T, 1].entries()) {
    network.forward(list(steps * B, 3), steps, B, state);
    const losses = network.loss(list(steps * B, 2), 1 / (steps * B));
    outputs.push([`losses of chunk ${chunk}`, backend.read(losses)]);
    network.backward();
  }
  state.flat().forEach((s, k) => {
    outputs.push([`state ${k}`, backend.read(s)]);
  });
  for (const [name, values] of takeGradients()) outputs.push([name, values]);
  return outputs;
}

const known = new Map<string, ReturnType<typeof run>>();

function oracle(equations: string, shape: Shape, precision: Precision) {
  const key = `${equations} ${shape.H} ${precision}`;
  const found = known.get(key) ?? run(referenceBackend('float64', precision), equations, shape);
  known.set(key, found);
  return found;
}

/** Beyond the largest of a tensor's values, and beyond 1e-3 of it where a sum cancels out */
function largestError(computed: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [scale, largest] = [1e-3, 0];
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(computed[i] - expected[i]) / scale;
    // not-a-number is the largest error of all
    if (!(error <= largest)) largest = Number.isNaN(error) ? Infinity : error;
  }
  return largest;
}

/**
 * In half precision a factor that is a little off may round to the other neighbour, 2^-8 of it away: in two layers,
 * for several steps each, and some cells raise such a state to a power.
 */
const tolerances = { f32: 2e-5, bf16: 2 ** -5, int8: 0 };

/** Those that can train */
const trainers = machines.filter(([, , precision]) => precision !== 'int8');

describe.each(trainers)('%s', (_, makeMachine, precision) => {
  test.each(cells)('%s', async (name, equations) => {
    for (const shape of withLongRows.includes(name) ? [...shapes, longRows] : shapes) {
      const expected = oracle(equations, shape, precision);
      const { backend, guarded } = makeMachine();
      const computed = run(backend, equations, shape);
      expect(await guarded.overrun()).toEqual([]);
      expected.forEach(([what, values], i) => {
        const error = largestError(computed[i][1], values);
        expect(error, `${what} at H ${shape.H}`).toBeLessThan(tolerances[precision]);
      });
    }
  });
});
