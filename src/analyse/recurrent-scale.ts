/**
 * Untrained weights whose recurrent matrices stretch every direction equally: a factor times an orthogonal matrix, all
 * of whose singular values are that factor. So the effect of the matrix on a gradient is known in advance.
 */
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { type Parameter, parameterTable } from '../model/parameters.js';
import { Random } from '../model/random.js';

export interface WeightScales {
  /** The value that all singular values of a recurrent matrix get; each gate's matrix is scaled separately. */
  readonly recurrent?: number | undefined;
  /** Factor of the weights from the input to the gates; with 0 the state stays zero, where tanh is linear */
  readonly input?: number | undefined;
}

/** @param weights flat, in the order of the parameter table; they are changed in place */
export function scaleWeights(
  config: ModelConfig,
  weights: Float32Array,
  { recurrent, input }: WeightScales,
  seed: number,
): void {
  const { hidden: H } = config;
  parameterTable(config).parameters.forEach((parameter, index) => {
    const { start, size } = parameter;
    if (input !== undefined && isInput(config, parameter)) {
      for (let i = 0; i < size; i++) weights[start + i] *= input;
    }
    if (recurrent === undefined || !isRecurrent(config, parameter)) return;
    // a stream of random numbers that is not used for initial values: those streams are numbered by the parameters'
    // indices
    const random = new Random(seed, 1_000_000 + index);
    for (let from = 0; from < size; from += H * H) {
      const matrix = orthogonal(random, H);
      for (let i = 0; i < H * H; i++) weights[start + from + i] = recurrent * matrix[i];
    }
  });
}

function isRecurrent(config: ModelConfig, { name }: Parameter): boolean {
  const units = cellOf(config).learned?.units;
  return units === undefined ? /^rnn\.weight_hh_l\d+$/.test(name) : isOneOf(units, name);
}

function isInput(config: ModelConfig, { name }: Parameter): boolean {
  const inputs = cellOf(config).learned?.inputs;
  return inputs === undefined ? /^rnn\.weight_ih_l\d+$/.test(name) : isOneOf(inputs, name);
}

function isOneOf(names: readonly string[], parameter: string): boolean {
  return names.some((name) => parameter.replace(/_l\d+$/, '') === `rnn.${name}`);
}

/**
 * A random orthogonal matrix, [n, n] row-major: rows of normally distributed numbers, each orthogonalised to the
 * preceding ones (modified Gram-Schmidt, twice, so that rounding errors do not accumulate).
 */
export function orthogonal(random: Random, n: number): Float64Array {
  const rows = Float64Array.from({ length: n * n }, () => random.normal());
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * n, (i + 1) * n);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const before = rows.subarray(j * n, (j + 1) * n);
        const along = dot(row, before);
        for (let k = 0; k < n; k++) row[k] -= along * before[k];
      }
    }
    const norm = Math.sqrt(dot(row, row));
    for (let k = 0; k < n; k++) row[k] /= norm;
  }
  return rows;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
