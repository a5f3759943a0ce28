/** A small training run whose gradients explode, without clipping and with either kind of clipping. */
import { type Scope, withScope } from '../backend/device.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Ids } from '../text/unit.js';
import { type Chunks, cosineOf, normOf, SmallTraining } from './small-training.js';

/**
 * How a gradient is clipped. By norm, it is scaled as a whole to the limit if its norm is larger (Pascanu et al. 2013);
 * by value, each of its elements is limited separately.
 */
export interface GradientClipping {
  readonly by: 'nothing' | 'norm' | 'value';
  readonly limit: number;
}

export interface ExplosionStep {
  /** Loss of the step in nats per character */
  readonly loss: number;
  readonly normBefore: number;
  readonly normAfter: number;
  /** Cosine of the angle by which clipping has turned the gradient; 1 if its direction is unchanged */
  readonly cosine: number;
}

export interface Explosion {
  readonly clipping: GradientClipping;
  readonly steps: readonly ExplosionStep[];
}

/** @returns the gradient after clipping */
export function clipped(gradient: Float32Array, { by, limit }: GradientClipping): Float32Array {
  if (by === 'nothing') return gradient;
  if (by === 'value') return gradient.map((x) => Math.max(-limit, Math.min(limit, x)));
  const norm = normOf(gradient);
  return norm > limit ? gradient.map((x) => (x * limit) / norm) : gradient;
}

/** Trains from the same weights with each kind of clipping; a run ends early if its loss becomes NaN. */
export async function explosions(
  device: Scope,
  config: ModelConfig,
  weights: ArrayLike<number>,
  ids: Ids,
  clippings: readonly GradientClipping[],
  options: Chunks & { readonly steps: number; readonly learningRate: number },
): Promise<Explosion[]> {
  const all: Explosion[] = [];
  for (const clipping of clippings) {
    const steps = await withScope(device, async (backend) => {
      const training = new SmallTraining(backend, config, weights, ids, options);
      const done: ExplosionStep[] = [];
      while (done.length < options.steps) {
        const { loss, gradient } = await training.gradient();
        const normBefore = normOf(gradient);
        if (!Number.isFinite(loss) || !Number.isFinite(normBefore)) break;
        const after = clipped(gradient, clipping);
        const cosine = cosineOf(gradient, after);
        done.push({ loss, normBefore, normAfter: normOf(after), cosine });
        training.descend(after, options.learningRate);
      }
      return done;
    });
    all.push({ clipping, steps });
  }
  return all;
}
