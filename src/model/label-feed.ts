/** Writes the labels of a batch's rows to the device. Memory is allocated when the first labels are written. */
import type { Backend, Indices } from '../backend/backend.js';
import type { LabelRows } from './labels.js';

export class LabelFeed {
  private ids: Indices | undefined;

  /** @param maxRows max number of rows */
  constructor(
    private readonly backend: Backend,
    private readonly maxRows: number,
  ) {}

  /** @param values [C, N]: for each of C labels, its value in each of N = `count` rows; undefined without labels */
  write(values: Int32Array | undefined, count: number): LabelRows | undefined {
    if (values === undefined) return undefined;
    const { backend } = this;
    this.ids ??= backend.indices((values.length / count) * this.maxRows);
    const ids = backend.viewIndices(this.ids, 0, values.length);
    backend.writeIndices(ids, values);
    return { ids, count };
  }
}
