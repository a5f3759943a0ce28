/** The memory of a network for pairs: buffers by name, each large enough for the largest batch. */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';

export interface PairCapacity {
  /** Max number of source positions in a batch: S·B for B sources of S positions */
  readonly maxSourceRows: number;
  /** Max number of decoder outputs in a batch: T·B for T steps and B rows */
  readonly maxTargetRows: number;
  /** Max number of attention weights in a batch: T·B·S */
  readonly maxWeights: number;
  /** Max number of rows in a batch (B) */
  readonly maxBatch: number;
}

export class PairBuffers {
  private readonly buffers = new Map<string, Tensor>();

  constructor(
    private readonly backend: Backend,
    private readonly capacity: PairCapacity,
  ) {}

  /** @throws Error when a batch is larger than the memory */
  require(rows: number, limit: keyof PairCapacity): void {
    if (rows <= this.capacity[limit]) return;
    throw new Error(`a batch of ${rows} rows is larger than this network's memory`);
  }

  /**
   * Returns the buffer with a name, which is allocated at the first call.
   * @param limit which size of the largest batch bounds the number of rows in the shape; `maxWeights` bounds the number
   * of elements instead
   * @returns a view with the shape; the contents left by the last call with the name are still there
   */
  take(name: string, shape: readonly number[], limit: keyof PairCapacity): Tensor {
    const { backend } = this;
    let buffer = this.buffers.get(name);
    if (buffer === undefined) {
      const width = limit === 'maxWeights' ? 1 : (shape.at(-1) as number);
      buffer = backend.tensor([this.capacity[limit] * width]);
      this.buffers.set(name, buffer);
    }
    return backend.view(buffer, 0, shape);
  }

  /**
   * Rearranges the rows of a matrix, in place.
   * @param x rows of `width` numbers; rows from `rows.length` onwards are left as they are
   * @param rows for each row, the row that is to be moved there
   * @param name of the buffer used for this
   */
  gatherRows(
    x: Tensor,
    rows: Indices,
    width: number,
    name: string,
    limit: keyof PairCapacity,
  ): void {
    const { backend } = this;
    this.require(rows.length, limit);
    const shape = [rows.length, width];
    const moved = this.take(name, shape, limit);
    backend.gather(moved, backend.view(x, 0, [x.size / width, width]), rows);
    backend.copy(backend.view(x, 0, shape), moved);
  }

  /** Returns the buffer with a name whose size does not depend on the batch. */
  fixed(name: string, shape: readonly number[]): Tensor {
    const buffer = this.buffers.get(name) ?? this.backend.tensor(shape);
    this.buffers.set(name, buffer);
    return buffer;
  }
}
