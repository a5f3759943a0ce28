/**
 * Measures on which earlier characters a prediction depends, by the gradient of its loss with respect to their
 * inputs.
 */
import { type Scope, withScope } from '../backend/device.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Ids } from '../text/unit.js';
import { batchRows, GradientWindows } from './gradient-windows.js';

/**
 * Measures for each of several successive predictions how strongly it depends on each of the K characters before it.
 * @param weights flat, in the order of the parameter table
 * @param first the first position from which a character is predicted, at least K - 1; the character is the next one
 * @param count number of positions; the last must have a character after it
 * @param K number of characters back
 * @returns [count, K]: norms of the gradient, the nearest character first
 */
export function inputDependence(
  device: Scope,
  config: ModelConfig,
  weights: ArrayLike<number>,
  ids: Ids,
  { first, count, K }: { readonly first: number; readonly count: number; readonly K: number },
): Promise<Float32Array> {
  return withScope(device, async (backend) => {
    const B = Math.min(batchRows, count);
    const windows = new GradientWindows(backend, config, weights, K, B);
    const norms = new Float32Array(count * K);
    for (let from = 0; from < count; from += B) {
      const rows = Math.min(B, count - from);
      const positions = Array.from({ length: rows }, (_, row) => first + from + row);
      await windows.measure(ids, positions, () => {});
      await windows.inputNorms(rows, (lag, row, norm) => {
        norms[(from + row) * K + lag - 1] = norm;
      });
    }
    return norms;
  });
}
