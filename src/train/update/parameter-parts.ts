/** Parts of the parameters: how the parameter table is divided among replicas, each of which updates its own part. */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { Parameter } from '../../model/parameters.js';

/** Views of the same elements of the weights, the gradients and the optimiser's moments. */
export interface ParameterPart {
  /** The position of the part's first element in the flat lists of parameters */
  readonly start: number;
  readonly decays: boolean;
  readonly weight: Tensor;
  readonly gradient: Tensor;
  readonly moments: readonly Tensor[];
  readonly ema: Tensor | undefined;
}

/** All parameters, as flat lists. */
export interface FlatParameters {
  readonly weights: Tensor;
  readonly gradients: Tensor;
  readonly moments: readonly Tensor[];
  readonly ema: Tensor | undefined;
}

function part(
  backend: Backend,
  flat: FlatParameters,
  decays: boolean,
  start: number,
  shape: readonly number[],
): ParameterPart {
  const cut = (x: Tensor) => backend.view(x, start, shape);
  return {
    start,
    decays,
    weight: cut(flat.weights),
    gradient: cut(flat.gradients),
    moments: flat.moments.map(cut),
    ema: flat.ema && cut(flat.ema),
  };
}

/**
 * Divides the flat list of parameters into `count` shares of about equal size, at multiples of 16 elements, and returns
 * share `index`, parameter by parameter.
 */
export function sliceParameters(
  backend: Backend,
  parameters: readonly Parameter[],
  flat: FlatParameters,
  index: number,
  count: number,
): ParameterPart[] {
  const edge = (i: number) => Math.round((flat.weights.size * i) / count / 16) * 16;
  const [from, to] = [edge(index), index === count - 1 ? flat.weights.size : edge(index + 1)];
  return parameters.flatMap(({ start, size, decays }) => {
    const first = Math.max(start, from);
    const end = Math.min(start + size, to);
    return first < end ? [part(backend, flat, decays, first, [end - first])] : [];
  });
}

/**
 * The matrices that an optimiser such as Muon updates as a whole: the cells' weights, one for each gate. They are
 * assigned to `count` replicas, largest first, each to the one with the least work so far.
 * @returns those of replica `index`
 */
export function dealMatrices(
  backend: Backend,
  parameters: readonly Parameter[],
  flat: FlatParameters,
  index: number,
  count: number,
): ParameterPart[] {
  const work = new Array<number>(count).fill(0);
  const own: ParameterPart[] = [];
  const matrices = parameters.flatMap(({ gates, shape, start }) => {
    const [rows, columns] = [shape[0] / gates, shape[1]];
    const cost = rows * columns * Math.min(rows, columns);
    return Array.from({ length: gates }, (_, g) => ({
      start: start + g * rows * columns,
      shape: [rows, columns],
      cost,
    }));
  });
  for (const { start, shape, cost } of matrices.sort((a, b) => b.cost - a.cost)) {
    const owner = work.indexOf(Math.min(...work));
    work[owner] += cost;
    if (owner === index) own.push(part(backend, flat, true, start, shape));
  }
  return own;
}

/** The parts that replica `index` updates: whole matrices if the optimiser needs them, and a range of the rest. */
export function updatedParts(
  backend: Backend,
  parameters: readonly Parameter[],
  flat: FlatParameters,
  takesMatrices: boolean,
  index: number,
  count: number,
): ParameterPart[] {
  if (!takesMatrices) return sliceParameters(backend, parameters, flat, index, count);
  const single = parameters.filter(({ gates }) => gates === 0);
  return [
    ...dealMatrices(backend, parameters, flat, index, count),
    ...sliceParameters(backend, single, flat, index, count),
  ];
}

/** Views of the gradients of those parameters that occur in both of two lists of parts of parameters */
export function commonGradients(
  backend: Backend,
  gradients: Tensor,
  parts: readonly ParameterPart[],
  others: readonly ParameterPart[],
): Tensor[] {
  return parts.flatMap((a) =>
    others.flatMap((b) => {
      const from = Math.max(a.start, b.start);
      const to = Math.min(a.start + a.weight.size, b.start + b.weight.size);
      return from < to ? [backend.view(gradients, from, [to - from])] : [];
    }),
  );
}
