/**
 * What truncating back-propagation costs and saves: compares the gradient of a piece of text in chunks of T steps,
 * where the state is carried from chunk to chunk, with that of the whole piece at once.
 */
import { type Scope, withScope } from '../backend/device.js';
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Ids } from '../text/unit.js';
import { cosineOf, normOf, SmallTraining } from './small-training.js';

export interface TruncatedGradient {
  /** T: number of steps in a chunk */
  readonly seqLength: number;
  /** Bytes of the activations of a chunk, all of which the backward pass needs */
  readonly activationBytes: number;
  readonly norm: number;
  /** Norm of the difference from the gradient of the whole piece, relative to the norm of that gradient */
  readonly error: number;
  /** Cosine of the angle between the truncated gradient and that of the whole piece */
  readonly cosine: number;
}

/**
 * @param lengths T of each measurement, at most the length of the piece
 * @param characters length of the piece, at the beginning of the text
 */
export async function truncatedGradients(
  device: Scope,
  config: ModelConfig,
  weights: ArrayLike<number>,
  ids: Ids,
  lengths: readonly number[],
  characters: number,
): Promise<TruncatedGradient[]> {
  const piece = ids.subarray(0, Math.min(ids.length, characters + 1));
  const N = piece.length - 1;
  const whole = await gradientBy(device, config, weights, piece, N);
  const results: TruncatedGradient[] = [];
  for (const length of lengths) {
    const seqLength = Math.min(length, N);
    const gradient =
      seqLength === N ? whole : await gradientBy(device, config, weights, piece, seqLength);
    const difference = gradient.map((x, i) => x - whole[i]);
    results.push({
      seqLength,
      activationBytes: chunkBytes(config, seqLength),
      norm: normOf(gradient),
      error: normOf(difference) / normOf(whole),
      cosine: cosineOf(gradient, whole),
    });
  }
  return results;
}

/** The gradient of the mean loss of the piece, in chunks of T steps; the last chunk may be shorter. */
async function gradientBy(
  device: Scope,
  config: ModelConfig,
  weights: ArrayLike<number>,
  piece: Ids,
  T: number,
): Promise<Float64Array> {
  return withScope(device, async (backend) => {
    const training = new SmallTraining(backend, config, weights, piece, {
      seqLength: T,
      batchSize: 1,
    });
    const N = piece.length - 1;
    const sum = new Float64Array(training.weights.length);
    for (let at = 0; at < N; at += T) {
      const length = Math.min(T, N - at);
      const { gradient } = await training.gradient(length);
      for (let i = 0; i < sum.length; i++) sum[i] += (gradient[i] * length) / N;
    }
    return sum;
  });
}

/**
 * Bytes that the backward pass of T steps of one row needs: the cells' values, what each layer passes to the next, and
 * the logits
 */
export function chunkBytes(config: ModelConfig, T: number): number {
  const { layers: L, hidden: H, vocabulary: V } = config;
  return 4 * T * ((L * cellOf(config).keptWidth + 1) * H + V);
}
