/**
 * The first layer's input projection W_ih · embedding(id) + b_ih.
 *
 * Only V different inputs exist, one for each character of the vocabulary, so the projection is a look-up: table =
 * embedding · W_ihᵀ + b_ih, [V, G·H] (G and H as in cells/cell.ts), whose rows the cell reads by id. The gradient is
 * added to the rows of the table, and from there passed on to the parameters. If a chunk has fewer rows than the
 * vocabulary has characters, computing the projection directly is faster. Both ways give the same numbers in the
 * forward pass. For one-hot input the table is W_ihᵀ + b_ih.
 */
import type {
  Backend,
  Indices,
  LayerInput,
  Lookup,
  ProjectedInput,
  Tensor,
} from '../backend/backend.js';
import { cellOf } from './cells/cells.js';
import { type LayerWeights, layerWeights } from './layer-weights.js';
import type { ModelConfig } from './model-config.js';
import type { ParameterTensors } from './parameters.js';

/** Names of the input projection's parameters, if they are not those of a plain network's first layer */
export interface InputNames {
  readonly embedding: string;
  readonly weight: string;
  readonly bias: string;
}

export class FirstLayerInput {
  /** The table of input projections, [V, G·H] */
  private table: Tensor | undefined;
  private dTable: Tensor | undefined;
  /**
   * [maxRows, D]: embedded characters, and later the gradient w.r.t. them; only used if the look-up table would be
   * slower
   */
  private embedded: Tensor | undefined;
  /**
   * The latest look-up. It is kept for the next call, because in each step of generation the ids are written to the
   * same list in memory.
   */
  private lookup: Lookup | undefined;
  /** Embedded characters, for the chunk size that was used last */
  private projected: ProjectedInput | undefined;
  private frozen = false;
  private readonly embeddingName: string;
  private readonly layer: LayerWeights['input'];
  private readonly dLayer: LayerWeights['input'] | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    private readonly maxRows: number,
    names?: InputNames,
  ) {
    const of = (tensors: ParameterTensors) =>
      names
        ? { weight: tensors.get(names.weight), bias: tensors.get(names.bias) }
        : layerWeights(config, tensors, 0).input;
    this.layer = of(weights);
    this.dLayer = gradients && of(gradients);
    this.embeddingName = names?.embedding ?? 'embedding.weight';
  }

  /**
   * The input of the first layer, which for character i is W_ih · embedding(ids[i]) + b_ih.
   * @param ids [T, B]
   * @returns the table of projections, or embedded characters that are still to be projected
   */
  forward(ids: Indices, T: number, B: number): LayerInput {
    const { backend, weights } = this;
    if (this.usesTable(ids.length)) {
      if (!this.frozen) this.fillTable();
      if (this.lookup?.ids !== ids) this.lookup = { table: this.requireTable(), ids };
      return this.lookup;
    }
    const x = this.embeddedRows(ids.length);
    backend.gather(x, weights.get(this.embeddingName), ids);
    if (this.projected?.x.shape[0] !== T || this.projected.x.shape[1] !== B) {
      const view = backend.view(x, 0, [T, B, this.config.embedding]);
      this.projected = { x: view, ...this.layer };
    }
    return this.projected;
  }

  /** Writes the input projection of characters [T, B] to a tensor [T·B, G·H]. */
  write(projection: Tensor, ids: Indices): void {
    const { backend } = this;
    const input = this.forward(ids, ids.length, 1);
    if ('table' in input) backend.gather(projection, input.table, ids);
    else backend.linear(projection, input.x, input.weight, input.bias);
  }

  /**
   * Adds to the gradients of the embedding, W_ih and b_ih.
   * @param dProjection [T, B, G·H] in float32 or bfloat16
   */
  backward(dProjection: Tensor, ids: Indices): void {
    const { backend, weights, gradients } = this;
    if (gradients === undefined || this.dLayer === undefined) {
      throw new Error('this network was not built for training');
    }
    const { weight: dWeight, bias: dBias } = this.dLayer;
    if (this.usesTable(ids.length)) {
      this.dTable ??= backend.tensor(this.tableShape);
      backend.fill(this.dTable, 0);
      backend.scatterAdd(this.dTable, dProjection, ids);
      if (this.config.embedding === 0) {
        backend.transposeBackward(dWeight, dBias, this.dTable);
        return;
      }
      const dEmbedding = gradients.get(this.embeddingName);
      backend.linearBackwardInput(dEmbedding, this.dTable, this.layer.weight, true);
      backend.linearBackwardWeight(dWeight, dBias, this.dTable, weights.get(this.embeddingName));
      return;
    }
    const x = this.embeddedRows(ids.length);
    backend.linearBackwardWeight(dWeight, dBias, dProjection, x);
    // the embedded characters are no longer needed, so their gradient uses their memory
    backend.linearBackwardInput(x, dProjection, this.layer.weight, false);
    backend.scatterAdd(gradients.get(this.embeddingName), x, ids);
  }

  /** Computes the table of input projections once, because the weights will not change until `thaw`. */
  freeze(): void {
    this.fillTable();
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
  }

  private usesTable(rows: number): boolean {
    return this.frozen || this.config.embedding === 0 || rows >= this.config.vocabulary;
  }

  private fillTable(): void {
    const { backend, weights } = this;
    const { weight, bias } = this.layer;
    if (this.config.embedding === 0) backend.transpose(this.requireTable(), weight, bias);
    else backend.linear(this.requireTable(), weights.get(this.embeddingName), weight, bias);
  }

  private get tableShape(): [number, number] {
    const { hidden, vocabulary } = this.config;
    return [vocabulary, cellOf(this.config).gates * hidden];
  }

  private requireTable(): Tensor {
    this.table ??= this.backend.tensor(this.tableShape);
    return this.table;
  }

  private embeddedRows(rows: number): Tensor {
    const D = this.config.embedding;
    this.embedded ??= this.backend.tensor([this.maxRows, D]);
    return this.backend.view(this.embedded, 0, [rows, D]);
  }
}
