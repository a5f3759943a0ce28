/**
 * Sizes networks so that all cells have the same number of parameters, and estimates how long their training steps
 * take.
 */
import { compileCell } from '../cells/compile.js';
import type { CellChoice } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { parameterTable } from '../model/parameters.js';

/** What all networks of a search have in common */
export interface Shape {
  readonly layers: number;
  readonly embedding: number;
  /** Number of characters, including the unknown symbol */
  readonly vocabulary: number;
}

const maxHidden = 4096;

/** The number of units with which a network has about this many parameters. */
export function hiddenFor(cell: CellChoice, shape: Shape, parameters: number): number {
  const count = (hidden: number) => parameterTable({ ...shape, ...cell, hidden }).count;
  let [low, high] = [1, maxHidden];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (count(middle) <= parameters) low = middle;
    else high = middle;
  }
  return parameters - count(low) <= count(low + 1) - parameters ? low : low + 1;
}

/** Work per training character, of the three kinds from which the time of a step is estimated */
export type Work = readonly [multiplyAdds: number, unitOperations: number, waitingUnits: number];

/**
 * Work per training character of a network whose cell is given by equations: multiply-adds of all matrices;
 * element-wise operations, counted once per unit; and the number of units computed by recurrent products, which must
 * run one step at a time and not for a whole chunk at once.
 */
export function workOf({ equations = '', ...config }: ModelConfig): Work {
  const { hidden, layers, embedding, vocabulary } = config;
  const { inputs, units, operations, recurrent } = compileCell(equations);
  const [forward, backward] = operations;
  const first = inputs.length * hidden * (embedding || vocabulary);
  const others = (layers - 1) * inputs.length * hidden * hidden;
  return [
    first + others + layers * units.length * hidden * hidden + hidden * vocabulary,
    layers * hidden * (forward + backward),
    layers * hidden * recurrent.products,
  ];
}

/**
 * Seconds for each of the three numbers of `Work`: per multiply-add, per element-wise operation, per unit that is
 * computed by a recurrent product
 */
export type Costs = readonly [number, number, number];

/**
 * Fits the cost of each kind of work to cells whose speed was measured, by non-negative least squares of the relative
 * errors.
 */
export function fitCosts(
  timed: readonly { readonly work: Work; readonly seconds: number }[],
): Costs {
  const costs: [number, number, number] = [0, 0, 0];
  // coordinate descent is enough, because the sum of squares is convex in the three costs
  for (let round = 0; round < 2000; round++) {
    for (const k of [0, 1, 2] as const) {
      let [above, below] = [0, 0];
      for (const { work, seconds } of timed) {
        const rest = work.reduce((sum, w, i) => (i === k ? sum : sum + w * costs[i]), 0);
        const weight = work[k] / seconds ** 2;
        above += weight * (seconds - rest);
        below += weight * work[k];
      }
      costs[k] = below > 0 ? Math.max(0, above / below) : 0;
    }
  }
  return costs;
}

export function secondsOf(work: Work, costs: Costs): number {
  return work.reduce((sum, w, k) => sum + w * costs[k], 0);
}
