/** Cases of the interpreter of cells that are given as equations: a layer over a chunk, forward and backward. */
import { compileCell } from '#charnn/cells/compile.js';
import { cellOfProgram } from '#charnn/model/cells/equations.js';
import type { KernelCase } from './kernel-case.js';

const compiled = new Map<string, ReturnType<typeof compileCell>>();

/** @param looksUp as in sampling: the input projection is looked up in a table, and the weight packed beforehand */
export function programCase(
  name: string,
  equations: string,
  [T, B, H]: readonly [number, number, number],
  looksUp: boolean,
): KernelCase {
  const program = compiled.get(equations) ?? compileCell(equations);
  compiled.set(equations, program);
  const cell = cellOfProgram(program);
  const [gates, units, vectors] = [cell.gates, program.units.length, program.vectors.length];
  const states = program.states.map((_, k) => k);
  return {
    name: `${name} as equations, T ${T}, B ${B}, H ${H}${looksUp ? ', looked up, frozen' : ''}`,
    tensors: {
      projection: looksUp ? [5, gates * H] : [T, B, gates * H],
      ...(units > 0 ? { weight: [units * H, H] } : {}),
      ...(vectors > 0 ? { values: [vectors * H], dValues: [vectors * H] } : {}),
      ...Object.fromEntries(states.map((k) => [`state${k}`, [B, H]])),
      ...Object.fromEntries(states.map((k) => [`dState${k}`, [B, H]])),
      ...{ y: [T, B, H], dy: [T, B, H] },
    },
    ...(looksUp ? { ids: { count: T * B, below: 5 } } : {}),
    scale: 1 / Math.sqrt(H),
    run: (backend, tensors, ids) => {
      const { projection, weight, values, dValues, y, dy } = tensors;
      const learned = values && { values, gradients: dValues };
      const weights = { weight, bias: undefined, vectors: learned };
      const layer = cell.createLayer(backend, H, T * B, B, weights).at(T, B);
      if (!looksUp) backend.copy(layer.inputProjection, projection);
      for (const k of states) backend.copy(layer.initialState[k], tensors[`state${k}`]);
      const rows = program.groups.map(({ size }) => size * H);
      if (looksUp && weight) backend.freeze(weight, rows);
      layer.forward(looksUp ? { table: projection, ids } : undefined);
      if (looksUp && weight) backend.thaw(weight);
      backend.copy(y, layer.output);
      for (const k of states) backend.copy(tensors[`state${k}`], layer.finalState[k]);
      layer.backward(
        dy,
        states.map((k) => tensors[`dState${k}`]),
      );
    },
    outputs: [
      ...['y', ...states.flatMap((k) => [`state${k}`, `dState${k}`])],
      ...(vectors > 0 ? ['dValues'] : []),
    ],
    // gains of normalised sums and exponentials magnify the rounding of what they are made of
    tolerance: 5e-5,
    halfTolerance: 2 ** -6,
  };
}
