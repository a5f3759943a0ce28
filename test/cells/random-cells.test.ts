/** Random equations: the compiled program against their naive evaluation, forward and backward. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '#charnn/cells/compile.js';
import { defineCell } from '#charnn/cells/definition.js';
import { cellOfProgram } from '#charnn/model/cells/equations.js';
import { Random } from '#charnn/model/random.js';
import { fullMachines } from '../backend/machines.js';
import { referenceBackend, type SyncBackend } from '../backends.js';
import { evaluateNaively } from './naive-layer.js';

/** What a line makes of two vectors of the lines above; i is the line's own number. */
const templates: readonly ((a: string, b: string, i: number) => string)[] = [
  (a, b) => `${a} + ${b}`,
  (a, b) => `${a} - ${b}`,
  (a, b) => `${a}*${b}`,
  (a, b) => `${a}/(2 + sigmoid(${b}))`,
  (a) => `tanh(${a})`,
  (a, b) => `sigmoid(${a} + ${b})`,
  (a) => `relu(${a})`,
  (a) => `exp(-relu(${a}))`,
  (a) => `log(1 + softplus(${a}))`,
  (a) => `logsigmoid(${a})`,
  (a, b) => `max(${a}, ${b})`,
  (a, b) => `norm(${a} + 0.5*${b})`,
  (a, b) => `stop(${a})*${b}`,
  (a, b, i) => `U_${i} ${a} + W_${i} x + b_${i} - ${b}`,
  (a, b, i) => `U_${i} (${a}*${b})`,
  (a, b, i) => `tanh(U_${i} ${a} + V_${i} ${b})`,
  (_, b, i) => `sigmoid(W_${i} x)*${b}`,
  (a, b, i) => `p_${i}*${a} - 2*${b}`,
  (a) => `-${a}*0.25`,
  (a) => `1 - ${a}`,
];

const line = fc.record({
  template: fc.nat(templates.length - 1),
  a: fc.nat(1000),
  b: fc.nat(1000),
});

/** Equations of some lines, none of which is without use. */
const equations = fc
  .record({
    lines: fc.array(line, { minLength: 1, maxLength: 12 }),
    states: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ lines, states }) => {
    const pool = ['h', ...['c', 'd'].slice(0, states - 1), '(P x)'];
    const text = lines.map(({ template, a, b }, i) => {
      const pick = (n: number) => pool[n % pool.length];
      const written = `v${i} = ${templates[template](pick(a), pick(b), i)}`;
      pool.push(`v${i}`);
      return written;
    });
    const used = text.join('\n');
    const left = lines.flatMap((_, i) =>
      new RegExp(`v${i}\\b(?! =)`).test(used) ? [] : [`v${i}`],
    );
    const others = ['c', 'd']
      .slice(0, states - 1)
      .map((name, k) => `${name}' = tanh(${pool[(3 * k + 5) % pool.length]}) + 0.5*${name}`);
    return [...text, ...others, `h' = tanh(${['(P x)', ...left].join(' + ')})`].join('\n');
  });

const [T, B, H] = [3, 2, 5];

function run(backend: SyncBackend, text: string) {
  const definition = defineCell(text);
  const program = compile(definition);
  const random = new Random(9);
  const draw = (length: number) => Array.from({ length }, () => random.normal() * 0.5);
  const rows = () => Array.from({ length: B }, () => draw(H));
  const steps = () => Array.from({ length: T }, rows);
  const naive = {
    matrices: new Map(
      program.units.map(({ name }) => [name, Array.from({ length: H }, () => draw(H))]),
    ),
    vectors: new Map(program.vectors.map(({ name }) => [name, draw(H)])),
    inputs: new Map(program.inputs.map(({ name }) => [name, steps()])),
    initial: program.states.map(rows),
    dOutput: steps(),
    dState: program.states.map(rows),
  };
  const tensor = (shape: number[], values: ArrayLike<number>) => {
    const made = backend.tensor(shape);
    backend.write(made, values);
    return made;
  };
  const [units, vectors] = [program.units.length, program.vectors.length];
  const weights = {
    weight: units === 0 ? undefined : tensor([units * H, H], [...naive.matrices.values()].flat(2)),
    bias: undefined,
    vectors:
      vectors === 0
        ? undefined
        : {
            values: tensor([vectors * H], [...naive.vectors.values()].flat()),
            gradients: backend.tensor([vectors * H]),
          },
  };
  const cell = cellOfProgram(program);
  const layer = cell.createLayer(backend, H, T * B, B, weights).at(T, B);
  const columns = [...naive.inputs.values()];
  const projection = Array.from({ length: T }, (_, t) =>
    Array.from({ length: B }, (_, b) => columns.map((column) => column[t][b])),
  );
  backend.write(layer.inputProjection, projection.flat(3));
  naive.initial.forEach((state, k) => {
    backend.write(layer.initialState[k], state.flat());
  });
  layer.forward();
  const outputs = Array.from(backend.read(layer.output));
  const final = layer.finalState.flatMap((state) => Array.from(backend.read(state)));
  const dState = naive.dState.map((state) => tensor([B, H], state.flat()));
  layer.backward(tensor([T, B, H], naive.dOutput.flat(2)), dState);
  const dWeight = backend.tensor([Math.max(1, units) * H, H]);
  let first = 0;
  cell.unitGroups.forEach((count, g) => {
    const view = backend.view(dWeight, first * H * H, [count * H, H]);
    const { gradient, argument } = layer.products[g];
    backend.linearBackwardWeight(view, undefined, gradient, argument);
    first += count;
  });
  const expected = evaluateNaively(definition, naive);
  const dColumns = [...expected.dInputs.values()];
  return [
    ['outputs', outputs, expected.outputs.flat(2)],
    ['final states', final, expected.final.flat(2)],
    [
      'gradient of the input projection',
      Array.from(backend.read(layer.inputProjection)),
      Array.from({ length: T }, (_, t) =>
        Array.from({ length: B }, (_, b) => dColumns.map((column) => column[t][b])),
      ).flat(3),
    ],
    [
      'gradient of the states',
      dState.flatMap((d) => Array.from(backend.read(d))),
      expected.dInitial.flat(2),
    ],
    [
      'gradient of the matrices',
      Array.from(backend.read(dWeight)).slice(0, units * H * H),
      [...expected.dMatrices.values()].flat(2),
    ],
    [
      'gradient of the vectors',
      weights.vectors ? Array.from(backend.read(weights.vectors.gradients)) : [],
      [...expected.dVectors.values()].flat(),
    ],
  ] as const;
}

function check(backend: SyncBackend, text: string, tolerance: number) {
  for (const [what, computed, expected] of run(backend, text)) {
    const scale = Math.max(1, ...expected.map(Math.abs));
    expect(computed.length).toBe(expected.length);
    expected.forEach((x, i) => {
      const error = Math.abs(computed[i] - x) / scale;
      // not-a-number is no error below anything
      if (!(error < tolerance))
        throw new Error(`${what}[${i}] is ${computed[i]}, not ${x}, of\n${text}`);
    });
  }
}

describe('random equations', () => {
  test('300 on the reference in float64', () => {
    const backend = referenceBackend('float64');
    fc.assert(
      fc.property(equations, (text) => check(backend, text, 1e-8)),
      { numRuns: 300, seed: 1 },
    );
  }, 60_000);

  // what rounds its factors cannot be told from what is wrong where equations magnify without bound
  test.each(fullMachines)(
    'on %s',
    async (_, makeMachine) => {
      const { backend, guarded } = makeMachine();
      fc.assert(
        fc.property(equations, (text) => check(backend, text, 1e-3)),
        { numRuns: 300, seed: 1 },
      );
      expect(await guarded.overrun()).toEqual([]);
    },
    60_000,
  );
});
