/**
 * An input that is the sum of several matrix products: it has rows of its own, which the layer reads like those of a
 * table.
 */
import type { Backend, Indices, Lookup, Tensor } from '../backend/backend.js';

export class SummedInput {
  private readonly sums: Tensor;
  private readonly places: Indices;

  /**
   * @param maxRows max T·B
   * @param width G·H
   */
  constructor(
    private readonly backend: Backend,
    maxRows: number,
    private readonly width: number,
  ) {
    this.sums = backend.tensor([maxRows, width]);
    this.places = backend.indices(maxRows);
    backend.writeIndices(
      this.places,
      Int32Array.from({ length: maxRows }, (_, i) => i),
    );
  }

  /** [count, G·H], to write or add to; the latest contents are still there. */
  rows(count: number): Tensor {
    return this.backend.view(this.sums, 0, [count, this.width]);
  }

  /** The first T·B rows as the input of a layer */
  input(count: number): Lookup {
    return { table: this.rows(count), ids: this.backend.viewIndices(this.places, 0, count) };
  }
}
