/**
 * Labels of texts, such as an author or a part of speech, as an additional input of a first layer. Each value of each
 * label has an embedding. Those of a row's labels are summed, and a matrix turns the sum into a term that is added to
 * the input projection, the same at every step:
 *
 *     u = Σ_c embedding(label_c)        projection_t = W_ih x_t + b_ih + W_label u
 *
 * This is equivalent to a layer whose input is the character's embedding concatenated with u.
 */
import type { Backend, Indices, Tensor } from '../backend/backend.js';
import type { ModelConfig } from './model-config.js';
import type { ParameterTensors } from './parameters.js';

/** Name of the parameter with the embeddings of all values of all labels, [K, E] */
export const labelEmbeddings = 'labels.weight';

/** K: total number of values of all labels */
export function labelValues({ labels = [] }: Pick<ModelConfig, 'labels'>): number {
  return labels.reduce((sum, count) => sum + count, 0);
}

/** E: size of a label's embedding */
export function labelWidth({ embedding, hidden }: ModelConfig): number {
  return embedding > 0 ? embedding : hidden;
}

/** The labels that some rows of a batch have */
export interface LabelRows {
  /**
   * [C, N] for C labels: the value of a label in each of the N rows, label by label. A value is an index among the
   * values of all labels, which begin with those of the first label.
   */
  readonly ids: Indices;
  /** N: the number of rows whose labels these are */
  readonly count: number;
}

/** The embeddings of labels, summed for each row */
export class LabelEmbedding {
  private readonly sums: Tensor;
  private readonly part: Tensor;
  private readonly width: number;
  private current: LabelRows | undefined;

  /** @param maxRows max number of rows with labels (N) */
  constructor(
    private readonly backend: Backend,
    config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    maxRows: number,
  ) {
    this.width = labelWidth(config);
    this.sums = backend.tensor([maxRows * this.width]);
    this.part = backend.tensor([maxRows * this.width]);
  }

  /** @returns for each row the sum of the embeddings of its labels, [N, E], valid until the next call */
  forward(labels: LabelRows): Tensor {
    const { backend, weights } = this;
    const table = weights.get(labelEmbeddings);
    this.current = labels;
    const sums = this.rows(this.sums);
    this.lists(labels).forEach((ids, c) => {
      const y = c === 0 ? sums : this.rows(this.part);
      backend.gather(y, table, ids);
      if (c > 0) backend.add(sums, y);
    });
    return sums;
  }

  /** The sums of labels' embeddings that were computed last, without the rows that `narrow` has dropped */
  get last(): Tensor {
    return this.rows(this.sums);
  }

  /** Keeps the sums of labels' embeddings only for the given rows; those of the other rows cannot be restored. */
  narrow(rows: Indices): void {
    const { backend } = this;
    const before = this.rows(this.sums);
    const moved = backend.view(this.part, 0, [rows.length, this.width]);
    backend.gather(moved, before, rows);
    this.current = { ...(this.current as LabelRows), count: rows.length };
    backend.copy(this.rows(this.sums), moved);
  }

  /**
   * The gradient w.r.t. the sums of labels' embeddings that were computed last. It is zero at first, and layers add to
   * it.
   */
  gradient(): Tensor {
    const d = this.rows(this.part);
    this.backend.fill(d, 0);
    return d;
  }

  /** Adds to the gradients of the labels' embeddings, from what layers have added to the tensor of `gradient`. */
  backward(): void {
    const { backend, gradients, current } = this;
    if (gradients === undefined || current === undefined)
      throw new Error('backward needs a forward pass before it');
    for (const ids of this.lists(current)) {
      backend.scatterAdd(gradients.get(labelEmbeddings), this.rows(this.part), ids);
    }
  }

  private lists({ ids, count }: LabelRows): Indices[] {
    const columns = ids.length / count;
    return Array.from({ length: columns }, (_, c) =>
      this.backend.viewIndices(ids, c * count, count),
    );
  }

  private rows(buffer: Tensor): Tensor {
    if (this.current === undefined) throw new Error('no labels have been read');
    return this.backend.view(buffer, 0, [this.current.count, this.width]);
  }
}

/** The term that a layer adds to its input projection: W_label times the sum of the embeddings of a row's labels */
export class LabelProjection {
  private readonly products: Tensor;
  private readonly weight: Tensor;

  /** @param name of the matrix W_label [G·H, E] */
  constructor(
    private readonly backend: Backend,
    weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    private readonly name: string,
    maxRows: number,
  ) {
    this.weight = weights.get(name);
    this.products = backend.tensor([maxRows * this.weight.shape[0]]);
  }

  /**
   * Adds the term to a layer's input projection.
   * @param projection [M, G·H] where M is a multiple of N: row i belongs to row i mod N of the sums
   * @param sums [N, E] of the embeddings of each row's labels
   */
  forward(projection: Tensor, sums: Tensor): void {
    const { backend, weight } = this;
    const products = this.rows(sums);
    backend.linear(products, sums, weight, undefined);
    for (const piece of this.pieces(projection, products)) backend.add(piece, products);
  }

  /**
   * Adds to the gradients of the matrix W_label and of the sums of embeddings.
   * @param dProjection [M, G·H] in float32 or bfloat16
   * @param dSums [N, E]
   */
  backward(dProjection: Tensor, sums: Tensor, dSums: Tensor): void {
    const { backend, weight, gradients, name } = this;
    if (gradients === undefined) throw new Error('this network was not built for training');
    const dProducts = this.rows(sums);
    const [first, ...others] = this.pieces(dProjection, dProducts);
    backend.copy(dProducts, first);
    for (const piece of others) backend.add(dProducts, piece);
    backend.linearBackwardWeight(gradients.get(name), undefined, dProducts, sums);
    backend.linearBackwardInput(dSums, dProducts, weight, true);
  }

  freeze(): void {
    this.backend.freeze(this.weight);
  }

  thaw(): void {
    this.backend.thaw(this.weight);
  }

  private rows(sums: Tensor): Tensor {
    return this.backend.view(this.products, 0, [sums.shape[0], this.weight.shape[0]]);
  }

  private pieces(projection: Tensor, products: Tensor): Tensor[] {
    const { size } = products;
    return Array.from({ length: projection.size / size }, (_, i) =>
      this.backend.view(projection, i * size, products.shape),
    );
  }
}
