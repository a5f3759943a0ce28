/** The part of a replica's work that depends on the kind of training data: a text, or pairs. */
import type { Answer } from '../../backend/backend.js';
import type { Mixing } from './mixing.js';

export interface ReplicaTask {
  /** Number of characters that the whole batch of a step predicts */
  targets(step: number): number;
  /**
   * Adds the gradients of scale · Σ losses of this replica's rows to the gradients, which are zero at first.
   * @returns sum of the losses in nats
   */
  forwardBackward(step: number, scale: number): Answer<number>;
  /** n-gram counts to be mixed with the network; undefined in a training run without counts */
  readonly mixing: Mixing | undefined;
  /**
   * Sums the validation losses of this replica's share, for the network and for the mixture. If the validation was
   * stopped, neither sum has a meaning.
   */
  validate(stopped: () => boolean): Promise<{ nats: number; mixed: number }>;
}

/** The larger of `a` and `b` for each size, so that memory of the resulting sizes suffices for either */
export function larger<Sizes extends { readonly [Key in keyof Sizes]: number }>(
  a: Sizes,
  b: Sizes,
): Sizes {
  const entries = Object.entries<number>(a).map(([key, x]) => [
    key,
    Math.max(x, b[key as keyof Sizes]),
  ]);
  return Object.fromEntries(entries) as Sizes;
}
