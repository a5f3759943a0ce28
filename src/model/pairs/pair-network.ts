/**
 * From a source to a target: a bidirectional encoder, a decoder, and attention of the decoder over the source (Bahdanau
 * et al. 2015, in the form of Luong et al. 2015 without input feeding, so that a layer is a single call for all its
 * steps), here with `general` attention, for a batch of B pairs with S positions of a source and T steps of the
 * decoder, and H units in each layer:
 *
 *     f, b = encoder of the source, forwards and backwards                     [S, B, H] each
 *     state_0 = W_f f_last + W_b b_last + bias                                 the decoder's initial state
 *     q = decoder of the target so far                                         [T, B, H]
 *     key, value = W [f, b]                                                    [S, B, 2H]
 *     context_t = Σ_s softmax_s(q_t · key_s) value_s
 *     top_t = tanh(W q_t + context_t + bias)
 *     logits = W top + bias
 *
 * The initial state is computed for each layer, and separately for h and c. The line of `top` has the form of one step
 * of the vanilla recurrent cell with all T·B rows at once, and is computed by that operation. All sources in a batch
 * have the same length, so nothing is masked; targets may have any length, because the loss is computed only for the
 * rows that are listed.
 */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';
import type { CellChunk, CellLayer } from '../cells/cell.js';
import { cellOf, cells } from '../cells/cells.js';
import { type Dropout, dropoutMask } from '../dropout.js';
import { LabelEmbedding } from '../labels.js';
import type { ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import { PairAttention } from './pair-attention.js';
import { type Bridge, bridgesOf } from './pair-bridges.js';
import { PairBuffers, type PairCapacity } from './pair-buffers.js';
import { PairDecoder } from './pair-decoder.js';
import { PairEncoder } from './pair-encoder.js';
import type { Sources } from './pair-feed.js';
import { directions } from './pair-parameters.js';

interface Decoded {
  readonly T: number;
  readonly B: number;
  readonly combined: CellChunk;
  /**
   * For the loss: the listed positions among the T·B positions of the targets, what the output layer reads there
   * [N, H], and the logits there [N, V]
   */
  readonly loss?: { readonly places: Indices; readonly rows: Tensor; readonly logits: Tensor };
}

export class PairNetwork {
  private readonly encoder: PairEncoder;
  private readonly decoder: PairDecoder;
  private readonly attention: PairAttention;
  private readonly combine: CellLayer;
  /** [maxBatch·H] each, layer by layer: the decoder's states, which are kept from one call to the next */
  private readonly states: readonly Tensor[];
  private readonly labels: LabelEmbedding | undefined;
  private readonly buffers: PairBuffers;
  private readonly bridges: readonly Bridge[];
  private dropout: Dropout | undefined;
  private encoded: { readonly S: number; readonly B: number } | undefined;
  private decoded: Decoded | undefined;

  constructor(
    private readonly backend: Backend,
    readonly config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    capacity: PairCapacity,
  ) {
    const { layers: L, hidden: H } = config;
    const { maxTargetRows, maxBatch } = capacity;
    this.buffers = new PairBuffers(backend, capacity);
    const parts = [backend, config, weights, gradients, this.buffers] as const;
    this.encoder = new PairEncoder(...parts, capacity);
    this.decoder = new PairDecoder(...parts, capacity);
    this.attention = new PairAttention(...parts);
    if (config.labels) {
      this.labels = new LabelEmbedding(backend, config, weights, gradients, maxBatch);
    }
    this.combine = cells.rnn.createLayer(backend, H, maxTargetRows, maxTargetRows, {
      weight: weights.get('combine.weight'),
      bias: weights.get('combine.bias'),
    });
    const { length: kinds } = cellOf(config).states;
    this.states = Array.from({ length: L * kinds }, () => backend.tensor([maxBatch * H]));
    this.bridges = bridgesOf(config);
  }

  /** Reads sources. `decode` attends to them and starts from them, until the next call. */
  encode(sources: Sources, dropout?: Dropout): void {
    const { backend, weights, encoder } = this;
    const { S, B } = sources;
    this.buffers.require(S * B, 'maxSourceRows');
    this.buffers.require(B, 'maxBatch');
    this.dropout = dropout !== undefined && dropout.rate > 0 ? dropout : undefined;
    if (sources.labels === undefined && this.labels) throw new Error('the sources have no labels');
    const labels = sources.labels && this.labels?.forward(sources.labels);
    this.attention.remember(sources, encoder.forward(sources, labels, this.dropout));
    this.encoded = { S, B };
    const part = this.buffers.take('bridge', [B, this.config.hidden], 'maxBatch');
    const states = this.state(B);
    this.bridges.forEach(({ layer, kind, weights: [forwards, backwards], bias }, i) => {
      const [x, y] = directions.map((_, d) => encoder.finalState(layer, d)[kind]);
      backend.linear(states[i], x, weights.get(forwards), weights.get(bias));
      backend.linear(part, y, weights.get(backwards), undefined);
      backend.add(states[i], part);
    });
  }

  /**
   * The decoder's states, [B, H] each, layer by layer: after `encode` those before its first step, after `decode` those
   * after its last step
   */
  state(B: number): readonly Tensor[] {
    return this.states.map((state) => this.backend.view(state, 0, [B, this.config.hidden]));
  }

  /**
   * Gives each row of the decoder the states of another row.
   * @param parents for each row, the row whose states it takes; there may be more or fewer rows than before
   */
  reorder(parents: Indices): void {
    for (const state of this.states) {
      this.buffers.gatherRows(state, parents, this.config.hidden, 'moved', 'maxBatch');
    }
  }

  /**
   * Drops some of the sources, so that `decode` attends only to the others. The decoder's rows are changed by
   * `reorder`.
   * @param rows [S·n] which of the S·B positions belong to the n sources that are kept, time-major
   */
  narrow(rows: Indices): void {
    const { S } = this.lastEncoded();
    this.attention.narrow(rows);
    // positions are time-major, so the first position of source b has the index b, like the source itself
    this.labels?.narrow(this.backend.viewIndices(rows, 0, rows.length / S));
    this.encoded = { S, B: rows.length / S };
  }

  /**
   * Runs the decoder for T steps from its current states.
   * @param ids [T, B] the character that was written before each step
   * @param places indices among T·B of the steps whose logits are wanted; all of them if absent
   * @param width number of targets that are written for each source; there are then width·B rows [width, B] instead of
   * B, also in all other shapes
   * @returns logits [N, V], valid until the next call
   */
  decode(ids: Indices, T: number, places?: Indices, width = 1): Tensor {
    const { backend, weights, config, dropout } = this;
    const { hidden: H, vocabulary: V } = config;
    const B = width * this.lastEncoded().B;
    this.buffers.require(T * B, 'maxTargetRows');
    this.buffers.require(B, 'maxBatch');
    const output = this.decoder.forward(ids, T, B, this.labels?.last, this.state(B), dropout);
    const combined = this.combine.at(1, T * B);
    const [query] = combined.initialState;
    backend.copy(query, output);
    // all targets of a source share its keys and values: for the attention they are like more steps of one target, and
    // give further queries
    this.attention.forward(query, combined.inputProjection, T * width);
    combined.forward();
    let top = backend.view(combined.output, 0, [T * B, H]);
    if (dropout) {
      top = this.buffers.take('dropped', [T * B, H], 'maxTargetRows');
      const shape = [T, B, H];
      backend.dropout(
        backend.view(top, 0, shape),
        backend.view(combined.output, 0, shape),
        dropoutMask(dropout, this.topSite),
      );
    }
    const N = places?.length ?? T * B;
    let rows = top;
    if (places) {
      rows = this.buffers.take('rows', [N, H], 'maxTargetRows');
      backend.gather(rows, top, places);
    }
    const logits = this.buffers.take('logits', [N, V], 'maxTargetRows');
    backend.linear(logits, rows, weights.get('output.weight'), weights.get('output.bias'));
    this.decoded = { T, B, combined, ...(places && { loss: { places, rows, logits } }) };
    return logits;
  }

  /**
   * Attention weights of the last call of `decode`, [T, B, S]: how much each step attends to each character of the
   * source
   */
  get attentionWeights(): Tensor {
    return this.attention.lastWeights;
  }

  /**
   * Loss at the listed positions of the last call of `decode`.
   * @param targets [N] ids that follow there
   * @param scale factor of the loss whose gradient `backward` computes; 0 leaves the logits unchanged
   * @returns [N] losses in nats
   */
  loss(targets: Indices, scale: number): Tensor {
    const { logits } = this.lastLoss();
    const losses = this.buffers.take('losses', [targets.length, 1], 'maxTargetRows');
    this.backend.softmaxCrossEntropy(losses, logits, targets, scale);
    return losses;
  }

  /** Adds the gradient of scale · Σ losses to the gradients. `loss` must have been called with that scale. */
  backward(): void {
    const { backend, weights, dropout, config } = this;
    const { hidden: H } = config;
    const { places, rows, logits: dLogits } = this.lastLoss();
    const { T, B, combined } = this.decoded as Decoded;

    this.addGradient('output.weight', 'output.bias', dLogits, rows);
    // the rows that the output layer has read are no longer needed, so their gradient uses their memory
    backend.linearBackwardInput(rows, dLogits, weights.get('output.weight'), false);
    const dTop = this.buffers.take('dTop', [T, B, H], 'maxTargetRows');
    backend.fill(dTop, 0);
    backend.scatterAdd(backend.view(dTop, 0, [T * B, H]), rows, places);
    if (dropout) backend.dropout(dTop, dTop, dropoutMask(dropout, this.topSite));

    const dQuery = this.buffers.take('dQuery', [T * B, H], 'maxTargetRows');
    backend.fill(dQuery, 0);
    combined.backward(backend.view(dTop, 0, [1, T * B, H]), [dQuery]);
    const [product] = combined.products;
    this.addGradient('combine.weight', 'combine.bias', product.gradient, product.argument);
    // the gradient of the attention's query uses the memory of dTop
    const dOutputs = this.attention.backward(combined.inputProjection, dTop);
    backend.add(dTop, dQuery);
    const dStates = this.states.map((_, i) => this.stateBuffer(`dState${i}`, B));
    const dLabels = this.labels?.gradient();
    this.decoder.backward(dTop, dLabels, dStates);
    this.encoder.backward(dOutputs, dLabels, (layer, d) =>
      this.bridgeBackward(layer, d, dStates, B),
    );
    this.labels?.backward();
  }

  /**
   * Adds to the gradients of the linear maps from the encoder's final states to the decoder's initial states, and
   * returns the gradients w.r.t. the final states.
   */
  private bridgeBackward(layer: number, d: number, dStates: readonly Tensor[], B: number) {
    const { backend, weights, encoder } = this;
    return this.bridges.flatMap((bridge, i) => {
      if (bridge.layer !== layer) return [];
      const { kind, bias } = bridge;
      const name = bridge.weights[d];
      const x = encoder.finalState(layer, d)[kind];
      this.addGradient(name, d === 0 ? bias : undefined, dStates[i], x);
      const dFinal = this.stateBuffer(`dFinal${kind}`, B);
      backend.linearBackwardInput(dFinal, dStates[i], weights.get(name), false);
      return [dFinal];
    });
  }

  /** Promises that the weights will not change until `thaw`, so that values derived from them can be cached. */
  freeze(): void {
    for (const part of [this.encoder, this.decoder, this.attention]) part.freeze();
    for (const name of products) this.backend.freeze(this.weights.get(name));
  }

  thaw(): void {
    for (const part of [this.encoder, this.decoder, this.attention]) part.thaw();
    for (const name of products) this.backend.thaw(this.weights.get(name));
  }

  /**
   * Number of the dropout mask for the output layer's input; the encoder's and the decoder's masks have lower numbers.
   */
  private get topSite(): number {
    return 3 * this.config.layers - 1;
  }

  private addGradient(name: string, bias: string | undefined, dy: Tensor, x: Tensor): void {
    const { gradients } = this;
    if (gradients === undefined) throw new Error('this network was not built for training');
    const dBias = bias === undefined ? undefined : gradients.get(bias);
    this.backend.linearBackwardWeight(gradients.get(name), dBias, dy, x);
  }

  private lastEncoded() {
    if (this.encoded === undefined) throw new Error('nothing has been encoded');
    return this.encoded;
  }

  private lastLoss(): NonNullable<Decoded['loss']> {
    if (this.decoded?.loss === undefined) throw new Error('no places have been decoded');
    return this.decoded.loss;
  }

  private stateBuffer(name: string, B: number): Tensor {
    return this.buffers.take(name, [B, this.config.hidden], 'maxBatch');
  }
}

/**
 * The weights that this network multiplies outside its encoder, decoder and attention; while they do not change, they
 * stay packed for matrix products
 */
const products = ['combine.weight', 'output.weight'] as const;
