/**
 * A layer of equations, evaluated as they are written, expression by expression and row by row, and
 * differentiated by a tape: nothing of what makes the compiled one fast.
 */
import type { CellDefinition } from '#charnn/cells/definition.js';
import type { Expression } from '#charnn/cells/syntax.js';

/** A vector of H units, and what the loss changes with it */
class Value {
  readonly gradient: number[];
  constructor(readonly units: readonly number[]) {
    this.gradient = units.map(() => 0);
  }
}

type Matrix = readonly (readonly number[])[];

export interface NaiveLayer {
  /** By matrix of units, [H][H] */
  readonly matrices: ReadonlyMap<string, Matrix>;
  readonly vectors: ReadonlyMap<string, readonly number[]>;
  /** By matrix of the input, step and row: its product */
  readonly inputs: ReadonlyMap<string, readonly (readonly (readonly number[])[])[]>;
  /** By state and row */
  readonly initial: readonly (readonly (readonly number[])[])[];
  /** What the loss is made of: factors of outputs, by step and row, and of final states */
  readonly dOutput: readonly (readonly (readonly number[])[])[];
  readonly dState: readonly (readonly (readonly number[])[])[];
}

export interface NaiveResult {
  readonly outputs: number[][][];
  readonly final: number[][][];
  readonly dInputs: Map<string, number[][][]>;
  readonly dInitial: number[][][];
  readonly dMatrices: Map<string, number[][]>;
  readonly dVectors: Map<string, number[]>;
}

export function evaluateNaively(cell: CellDefinition, layer: NaiveLayer): NaiveResult {
  const T = layer.dOutput.length;
  const B = layer.initial[0].length;
  const tape: (() => void)[] = [];
  const zeros = (list: readonly number[]) => list.map(() => 0);
  const dMatrices = new Map([...layer.matrices].map(([name, rows]) => [name, rows.map(zeros)]));
  const vectors = new Map([...layer.vectors].map(([name, units]) => [name, new Value(units)]));
  const inputs = new Map(
    [...layer.inputs].map(([name, steps]) => [
      name,
      steps.map((rows) => rows.map((units) => new Value(units))),
    ]),
  );
  const initial = layer.initial.map((rows) => rows.map((units) => new Value(units)));

  /** Unit by unit; `slopes` are the partial derivatives. */
  const map = (
    args: readonly Value[],
    f: (...x: number[]) => number,
    slopes: (...x: number[]) => readonly number[],
  ): Value => {
    const at = (j: number) => args.map(({ units }) => units[j]);
    const result = new Value(args[0].units.map((_, j) => f(...at(j))));
    tape.push(() => {
      result.gradient.forEach((d, j) => {
        slopes(...at(j)).forEach((slope, i) => {
          args[i].gradient[j] += d * slope;
        });
      });
    });
    return result;
  };
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const functions: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
    sigmoid: (a) => map([a], sigmoid, (x) => [sigmoid(x) * (1 - sigmoid(x))]),
    tanh: (a) => map([a], Math.tanh, (x) => [1 - Math.tanh(x) ** 2]),
    relu: (a) =>
      map(
        [a],
        (x) => (x > 0 ? x : 0),
        (x) => [x > 0 ? 1 : 0],
      ),
    exp: (a) => map([a], Math.exp, (x) => [Math.exp(x)]),
    log: (a) => map([a], Math.log, (x) => [1 / x]),
    softplus: (a) =>
      map(
        [a],
        (x) => Math.log(1 + Math.exp(x)),
        (x) => [sigmoid(x)],
      ),
    logsigmoid: (a) =>
      map(
        [a],
        (x) => Math.log(sigmoid(x)),
        (x) => [sigmoid(-x)],
      ),
    stop: (a) => new Value(a.units),
    max: (a, b) =>
      map(
        [a, b],
        (x, y) => (x > y ? x : y),
        (x, y) => (x > y ? [1, 0] : [0, 1]),
      ),
    norm: (a) => {
      const H = a.units.length;
      const mean = a.units.reduce((sum, x) => sum + x / H, 0);
      const variance = a.units.reduce((sum, x) => sum + (x - mean) ** 2 / H, 0);
      const scale = 1 / Math.sqrt(variance + 1e-5);
      const result = new Value(a.units.map((x) => (x - mean) * scale));
      tape.push(() => {
        // from the derivative of unit i w.r.t. unit j, one by one
        for (let i = 0; i < H; i++) {
          for (let j = 0; j < H; j++) {
            const own = (i === j ? 1 : 0) - 1 / H;
            const byScale = (-(a.units[i] - mean) * (a.units[j] - mean) * scale ** 3) / H;
            a.gradient[j] += result.gradient[i] * (own * scale + byScale);
          }
        }
      });
      return result;
    },
  };
  const product = (name: string, of: Value): Value => {
    const matrix = layer.matrices.get(name) as Matrix;
    const result = new Value(
      matrix.map((row) => row.reduce((sum, w, j) => sum + w * of.units[j], 0)),
    );
    tape.push(() => {
      result.gradient.forEach((d, i) => {
        matrix[i].forEach((w, j) => {
          of.gradient[j] += d * w;
          (dMatrices.get(name) as number[][])[i][j] += d * of.units[j];
        });
      });
    });
    return result;
  };
  const evaluate = (
    e: Expression,
    names: ReadonlyMap<string, Value>,
    t: number,
    b: number,
  ): Value => {
    const part = (of: Expression) => evaluate(of, names, t, b);
    switch (e.kind) {
      case 'number':
        return new Value(initial[0][0].units.map(() => e.value));
      case 'name':
        return (names.get(e.name) ?? vectors.get(e.name)) as Value;
      case 'negative':
        return map(
          [part(e.of)],
          (x) => -x,
          () => [-1],
        );
      case 'product':
        return inputs.get(e.matrix)?.[t][b] ?? product(e.matrix, part(e.of));
      case 'call':
        return functions[e.name](part(e.arguments[0]), part(e.arguments[e.arguments.length - 1]));
      case 'operation': {
        const args = [part(e.left), part(e.right)];
        if (e.operator === '+')
          return map(
            args,
            (x, y) => x + y,
            () => [1, 1],
          );
        if (e.operator === '-')
          return map(
            args,
            (x, y) => x - y,
            () => [1, -1],
          );
        if (e.operator === '*')
          return map(
            args,
            (x, y) => x * y,
            (x, y) => [y, x],
          );
        return map(
          args,
          (x, y) => x / y,
          (x, y) => [1 / y, -x / y / y],
        );
      }
    }
  };

  let states = initial;
  const outputs: Value[][] = [];
  for (let t = 0; t < T; t++) {
    const next: Value[][] = cell.states.map(() => []);
    for (let b = 0; b < B; b++) {
      const names = new Map(cell.states.map((name, k) => [name, states[k][b]]));
      for (const { name, value } of cell.equations) names.set(name, evaluate(value, names, t, b));
      cell.states.forEach((name, k) => {
        next[k][b] = names.get(`${name}'`) as Value;
      });
    }
    states = next;
    outputs.push(next[0]);
  }
  const addTo = ({ gradient }: Value, d: readonly number[]) => {
    d.forEach((x, j) => {
      gradient[j] += x;
    });
  };
  outputs.forEach((rows, t) => {
    rows.forEach((value, b) => {
      addTo(value, layer.dOutput[t][b]);
    });
  });
  states.forEach((rows, k) => {
    rows.forEach((value, b) => {
      addTo(value, layer.dState[k][b]);
    });
  });
  for (const step of tape.reverse()) step();
  const units = (value: Value) => [...value.units];
  const gradient = (value: Value) => value.gradient;
  return {
    outputs: outputs.map((rows) => rows.map(units)),
    final: states.map((rows) => rows.map(units)),
    dInputs: new Map(
      [...inputs].map(([name, steps]) => [name, steps.map((rows) => rows.map(gradient))]),
    ),
    dInitial: initial.map((rows) => rows.map(gradient)),
    dMatrices,
    dVectors: new Map([...vectors].map(([name, value]) => [name, value.gradient])),
  };
}
