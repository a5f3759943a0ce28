/**
 * Computes singular values and spectral radius of the recurrent matrices. Each step back multiplies a gradient by such
 * a matrix and by derivatives of activation functions. A vanilla RNN's gradient can only grow if the largest singular
 * value of W_hh is above 1 (Pascanu et al. 2013); the spectral radius shows the effect of many steps.
 */
import type { Backend } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import type { Cell } from '../model/cells/cell.js';
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { parameterTable } from '../model/parameters.js';
import { singularValues } from './singular-values.js';

export interface RecurrentSpectrum {
  readonly layer: number;
  /**
   * The gate whose rows of W_hh have this spectrum or, for a cell given by equations, the name of the matrix; the
   * vanilla RNN's only matrix is `recurrent`
   */
  readonly gate: string;
  /** Singular values in descending order */
  readonly singularValues: Float64Array;
  /** Spectral radius: the largest absolute eigenvalue */
  readonly spectralRadius: number;
}

/**
 * Spectra of the [H, H] blocks of all recurrent matrices.
 * @param weights flat, in the order of the parameter table
 */
export async function recurrentSpectra(
  device: Scope,
  config: ModelConfig,
  weights: Float32Array,
): Promise<RecurrentSpectrum[]> {
  const { layers, hidden: H } = config;
  const cell = cellOf(config);
  const { parameters } = parameterTable(config);
  const spectra: RecurrentSpectrum[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const stack = parameters.find(({ name }) => name === firstUnitMatrix(cell, layer));
    for (const [m, gate] of cell.unitNames.entries()) {
      // the recurrent matrices of a layer are adjacent in memory, whether they are one tensor or several
      if (stack === undefined) throw new Error('a layer without its recurrent matrices');
      const start = stack.start + m * H * H;
      const block = weights.subarray(start, start + H * H);
      spectra.push({
        layer,
        gate,
        singularValues: singularValues(block, H),
        spectralRadius: await spectralRadius(device, block, H),
      });
    }
  }
  return spectra;
}

function firstUnitMatrix({ learned, unitNames }: Cell, layer: number): string {
  return `rnn.${learned ? unitNames[0] : 'weight_hh'}_l${layer}`;
}

/** Number of times the matrix is squared; each squaring halves the error of the estimate. */
const squarings = 26;

/**
 * The largest absolute eigenvalue as the limit of ‖Aᵐ‖^(1/m) (Gelfand 1941), where m is doubled by squaring the matrix
 * (Friedland 1991): unlike power iteration this also works for complex pairs.
 */
export function spectralRadius(
  device: Scope,
  values: ArrayLike<number>,
  n: number,
): Promise<number> {
  return withScope(device, (backend) => radiusOn(backend, values, n));
}

async function radiusOn(backend: Backend, values: ArrayLike<number>, n: number): Promise<number> {
  let power = backend.tensor([n, n]);
  let square = backend.tensor([n, n]);
  backend.write(power, values);
  let logarithm = 0;
  for (let k = 0; k <= squarings; k++) {
    const norm = Math.sqrt(await backend.sumSquares([power]));
    if (norm === 0) return 0;
    // at this point, the given matrix to the power of 2^k is e^(2^k · logarithm) · power
    logarithm += Math.log(norm) / 2 ** k;
    if (k === squarings) break;
    const values = await backend.read(power);
    backend.write(
      power,
      values.map((x) => x / norm),
    );
    backend.linearBackwardInput(square, power, power, false);
    [power, square] = [square, power];
  }
  return Math.exp(logarithm);
}
