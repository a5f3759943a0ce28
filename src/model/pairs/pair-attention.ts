/**
 * Attention of the decoder over the source (Luong et al. 2015), in one of three ways:
 *
 * - `general`: keys and values are two linear maps of the encoder's outputs, which have 2H columns
 * - `dot`: a key is the sum of both directions' outputs, and only values are a linear map
 * - `none`: the decoder knows the source only through its initial state
 *
 * Luong applies a linear map to the weighted mean of the encoder's states; this equals the weighted mean of their
 * images under that map, which are the values here.
 *
 * In shapes, S, T, B and H are those of pair-network.ts.
 */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';
import type { ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import type { PairBuffers } from './pair-buffers.js';
import type { Sources } from './pair-feed.js';

const weightName = 'attention.weight';

export class PairAttention {
  /**
   * The weight for attention of the kind `dot`, [2H, 2H]: constant rows, which give the keys, above a copy of the
   * learned rows, which give the values
   */
  private readonly constantKeys: Tensor | undefined;
  private isFrozen = false;
  private remembered: { readonly sources: Sources; readonly outputs: Tensor } | undefined;
  private attended: { readonly T: number; readonly query: Tensor } | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    private readonly buffers: PairBuffers,
  ) {
    if (config.attention !== 'dot') return;
    const { hidden: H } = config;
    this.constantKeys = backend.tensor([2 * H, 2 * H]);
    const rows = Array.from({ length: 2 * H * H }, (_, i) => {
      const [row, column] = [Math.floor(i / (2 * H)), i % (2 * H)];
      return column % H === row ? 1 : 0;
    });
    backend.write(backend.view(this.constantKeys, 0, [H, 2 * H]), rows);
  }

  /**
   * Computes keys and values.
   * @param outputs [S·B, 2H] of the encoder; kept until the backward pass
   */
  remember(sources: Sources, outputs: Tensor): void {
    const { backend, config } = this;
    this.remembered = { sources, outputs };
    if (config.attention === 'none') return;
    this.refresh();
    backend.linear(this.memory('memory'), outputs, this.weight(), undefined);
  }

  /**
   * Drops some of the sources.
   * @param rows [S·n] which of the S·B positions belong to the n sources that are kept, time-major
   */
  narrow(rows: Indices): void {
    const { sources, outputs } = this.last();
    if (this.config.attention !== 'none') {
      const width = 2 * this.config.hidden;
      this.buffers.gatherRows(this.memory('memory'), rows, width, 'dMemory', 'maxSourceRows');
    }
    this.remembered = { sources: { ...sources, B: rows.length / sources.S }, outputs };
  }

  /**
   * Attends to the source.
   * @param query [T, B, H]
   * @param context [T, B, H]: receives the weighted mean of the values
   */
  forward(query: Tensor, context: Tensor, T: number): void {
    const { backend, config } = this;
    this.attended = { T, query };
    if (config.attention === 'none') backend.fill(context, 0);
    else backend.attentionForward(this.size(T), this.tensors(T, query), context);
  }

  /** [T, B, S]: the attention weights of the last call of `forward` */
  get lastWeights(): Tensor {
    if (this.attended === undefined || this.config.attention === 'none') {
      throw new Error('nothing has been attended to');
    }
    return this.tensors(this.attended.T, this.attended.query).weights;
  }

  /**
   * Adds to the gradients of the keys' and values' weights.
   * @param dContext [T, B, H]
   * @param dQuery [T, B, H]: is overwritten with the gradient w.r.t. the query
   * @returns [S·B, 2H] gradient w.r.t. the encoder's outputs
   */
  backward(dContext: Tensor, dQuery: Tensor): Tensor {
    const { backend, config, gradients, remembered, attended } = this;
    if (gradients === undefined || remembered === undefined || attended === undefined) {
      throw new Error('backward needs a forward pass before it');
    }
    const { S, B } = remembered.sources;
    const { hidden: H } = config;
    const dOutputs = this.buffers.take('dOutputs', [S * B, 2 * H], 'maxSourceRows');
    if (config.attention === 'none') {
      backend.fill(dQuery, 0);
      backend.fill(dOutputs, 0);
      return dOutputs;
    }
    const { T, query } = attended;
    const dMemory = this.memory('dMemory');
    const [size, tensors] = [this.size(T), this.tensors(T, query)];
    backend.attentionBackward(size, tensors, dContext, dQuery, dMemory);
    backend.linearBackwardInput(dOutputs, dMemory, this.weight(), false);
    const dWeight = gradients.get(weightName);
    if (this.constantKeys === undefined) {
      backend.linearBackwardWeight(dWeight, undefined, dMemory, remembered.outputs);
      return dOutputs;
    }
    const dBoth = this.buffers.fixed('dConstantKeys', [2 * H, 2 * H]);
    backend.fill(dBoth, 0);
    backend.linearBackwardWeight(dBoth, undefined, dMemory, remembered.outputs);
    backend.add(dWeight, this.valueRows(dBoth));
    return dOutputs;
  }

  freeze(): void {
    if (this.config.attention === 'none') return;
    this.refresh();
    this.isFrozen = true;
    this.backend.freeze(this.weight());
  }

  thaw(): void {
    if (this.config.attention === 'none') return;
    this.isFrozen = false;
    this.backend.thaw(this.weight());
  }

  /**
   * The weight [2H, 2H] that maps the encoder's outputs to keys and values: rows of the keys, then rows of the values
   */
  private weight(): Tensor {
    return this.constantKeys ?? this.weights.get(weightName);
  }

  /**
   * For attention of the kind `dot`: copies the learned rows, which give the values, below the constant rows, which
   * give the keys.
   */
  private refresh(): void {
    if (this.constantKeys === undefined || this.isFrozen) return;
    this.backend.copy(this.valueRows(this.constantKeys), this.weights.get(weightName));
  }

  private valueRows(both: Tensor): Tensor {
    const { hidden: H } = this.config;
    return this.backend.view(both, 2 * H * H, [H, 2 * H]);
  }

  private size(T: number) {
    const { S, B } = this.last().sources;
    return { T, S, B, H: this.config.hidden };
  }

  private tensors(T: number, query: Tensor) {
    const { S, B } = this.last().sources;
    const weights = this.buffers.take('weights', [T, B, S], 'maxWeights');
    return { query, memory: this.memory('memory'), weights };
  }

  private memory(name: string): Tensor {
    const { S, B } = this.last().sources;
    return this.buffers.take(name, [S, B, 2 * this.config.hidden], 'maxSourceRows');
  }

  private last() {
    if (this.remembered === undefined) throw new Error('nothing is remembered');
    return this.remembered;
  }
}
