/**
 * An input that is the sum of several matrix products. The sums are in memory of their own, which the layer reads like
 * a table of input projections.
 */
import type { Backend, Indices, Lookup, Tensor } from '../backend/backend.js';

export class SummedInput {
  private readonly sums: Tensor;
  private readonly places: Indices;

  /**
   * @param maxRows max number of rows in a chunk (T·B)
   * @param width number of columns of the input projection (G·H)
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

  /**
   * The first `count` rows of the sums, [count, G·H], which the caller writes or adds to; they hold what was written
   * last.
   */
  rows(count: number): Tensor {
    return this.backend.view(this.sums, 0, [count, this.width]);
  }

  /** The first `count` = T·B rows of the sums as the input of a layer */
  input(count: number): Lookup {
    return { table: this.rows(count), ids: this.backend.viewIndices(this.places, 0, count) };
  }
}
