/** A small training run with Adam, on one thread, for networks that are trained only to be shown. */
import { type Scope, withScope } from '../backend/device.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Ids } from '../text/unit.js';
import { type Chunks, normOf, SmallTraining } from './small-training.js';

export interface AdamOptions extends Chunks {
  readonly steps: number;
  /** The learning rate at the beginning; at the last step it has fallen linearly to a tenth of this. */
  readonly learningRate: number;
  /** The norm at which gradients are clipped */
  readonly clipNorm: number;
}

export interface AdamResult {
  /** The trained weights as a flat list, in the order of the parameter table */
  readonly weights: Float32Array;
  /** Loss of each step, in nats per character */
  readonly losses: readonly number[];
}

const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, l2: 0, decay: 0 };

/** Trains a network with Adam (Kingma & Ba 2015), beginning with given weights; gradients are clipped by norm. */
export function trainByAdam(
  device: Scope,
  config: ModelConfig,
  weights: ArrayLike<number>,
  ids: Ids,
  { steps, learningRate, clipNorm, ...chunks }: AdamOptions,
): Promise<AdamResult> {
  return withScope(device, async (backend) => {
    const training = new SmallTraining(backend, config, weights, ids, chunks);
    const [w, g, m, v] = Array.from({ length: 4 }, () => backend.tensor([weights.length]));
    const losses: number[] = [];
    for (let step = 1; step <= steps; step++) {
      const { loss, gradient } = await training.gradient();
      losses.push(loss);
      backend.write(w, training.weights);
      backend.write(g, gradient);
      const gradientScale = Math.min(1, clipNorm / normOf(gradient));
      const rate = learningRate * (1 - (0.9 * step) / steps);
      backend.adam(w, g, m, v, { ...constants, rate, step, gradientScale });
      training.weights.set(await backend.read(w));
    }
    return { weights: training.weights, losses };
  });
}
