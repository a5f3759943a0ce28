/**
 * Weight drop (Merity et al. 2018): DropConnect on the recurrent weights, with one mask for a whole chunk.
 *
 * For each chunk the layers use new copies of the weights in which a fraction is zero, and the same mask is applied to
 * the gradient. All threads compute the same mask, that of the whole batch.
 *
 * Memory: a copy of the recurrent weights, and one layer's gradient.
 */
import type { Backend, DropoutMask, Tensor } from '../backend/backend.js';
import type { Dropout } from './dropout.js';
import { randomKey } from './random.js';

export class WeightDrop {
  /** The recurrent weights after dropout, [G·H, H] for each layer */
  readonly dropped: readonly Tensor[];
  private readonly dDropped: Tensor;

  /** @param weights W_hh [G·H, H] for each layer */
  constructor(
    private readonly backend: Backend,
    private readonly weights: readonly Tensor[],
  ) {
    this.dropped = weights.map(({ shape }) => backend.tensor(shape));
    this.dDropped = backend.tensor(weights[0].shape);
  }

  /** Makes the recurrent weights for a chunk: copies in which a fraction is zero, or without dropout exact copies. */
  forward(dropout: Dropout | undefined): void {
    const { backend } = this;
    this.dropped.forEach((dropped, l) => {
      const weight = this.weights[l];
      const mask = this.mask(dropout, l);
      if (mask === undefined) backend.copy(dropped, weight);
      else backend.dropout(this.asSteps(dropped), this.asSteps(weight), mask);
    });
  }

  /**
   * Adds to the gradient of layer l's recurrent weight.
   * @param addGradient adds the gradient w.r.t. the copy of the weight in which a fraction is zero to a given tensor
   */
  backward(
    dropout: Dropout | undefined,
    l: number,
    dWeight: Tensor,
    addGradient: (dWeight: Tensor) => void,
  ): void {
    const { backend, dDropped } = this;
    const mask = this.mask(dropout, l);
    if (mask === undefined) {
      addGradient(dWeight);
      return;
    }
    backend.fill(dDropped, 0);
    addGradient(dDropped);
    const whole = this.asSteps(dDropped);
    backend.dropout(whole, whole, mask);
    backend.add(dWeight, dDropped);
  }

  /** The mask of a weight matrix, whose rows play the part of the rows of a batch. */
  private mask(dropout: Dropout | undefined, layer: number): DropoutMask | undefined {
    if (dropout === undefined || dropout.weightRate === 0) return undefined;
    const { weightRate: rate, seed, step } = dropout;
    const key = randomKey(seed, step, this.weights.length + layer);
    return { rate, key, locked: true, firstRow: 0, totalRows: this.weights[layer].shape[0] };
  }

  /** A matrix as one time step of a sequence, the shape that dropout expects. */
  private asSteps(matrix: Tensor): Tensor {
    return this.backend.view(matrix, 0, [1, ...matrix.shape]);
  }
}
