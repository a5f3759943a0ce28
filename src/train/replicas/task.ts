/** What a replica computes of a training: everything that depends on what is learnt from. */
import type { Answer } from '../../backend/backend.js';
import type { Mixing } from './mixing.js';

export interface ReplicaTask {
  /** Characters that the whole batch of a step predicts */
  targets(step: number): number;
  /**
   * Adds the gradients of scale · Σ losses of this replica's rows to gradients that are zero.
   * @returns Σ losses in nats
   */
  forwardBackward(step: number, scale: number): Answer<number>;
  /** Counts beside the network, whose weights are fitted before each validation */
  readonly mixing: Mixing | undefined;
  /** Σ of the validation losses of this replica's share, the network's and the mixture's; not numbers when stopped */
  validate(stopped: () => boolean): Promise<{ nats: number; mixed: number }>;
}

/** The largest a network has to be for two purposes */
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
