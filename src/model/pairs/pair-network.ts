/**
 * From a source to a target: a bidirectional encoder, a decoder, and attention of the decoder over the source
 * (Bahdanau et al. 2015, in the form of Luong et al. 2015, "general", without input feeding, so that a layer is
 * one call for all its steps):
 *
 *     f, b = encoder of the source, forwards and backwards                     [S, B, H] each
 *     state_0 = W_f f_last + W_b b_last + bias, for h and c apart              the decoder's first state
 *     q = decoder of the target so far                                         [T, B, H]
 *     key, value = W f + W' b                                                  [S, B, 2H]
 *     context_t = Σ_s softmax_s(q_t · key_s) value_s
 *     top_t = tanh(W q_t + context_t + bias)
 *     logits = W top + bias
 *
 * Luong's product with the weighted mean of the encoder's states is the weighted mean of their products, which
 * is what `value` is. The line of `top` is a step of the vanilla recurrent cell on all T·B rows at once, and is
 * computed as such. All sources of a batch have the same length, so nothing is masked; targets may have any,
 * because the loss is taken of the rows that are named, and of no others.
 */
import type { Backend, DropoutMask, Indices, Tensor } from '../../backend/backend.js';
import type { CellLayer } from '../cells/cell.js';
import { cellOf, cells } from '../cells/cells.js';
import { type Dropout, dropoutMask } from '../dropout.js';
import type { ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import type { Decoded, Encoded } from './pair-activations.js';
import { PairBuffers, type PairCapacity } from './pair-buffers.js';
import type { Sources } from './pair-feed.js';
import { PairLayer } from './pair-layer.js';
import { directions, products } from './pair-parameters.js';

/** Dropout site of the decoder; 0 and 1 are the encoder's directions. Each site has a mask of its own. */
const topSite = 2;

export class PairNetwork {
  private readonly encoders: readonly PairLayer[];
  private readonly decoder: PairLayer;
  private readonly combine: CellLayer;
  /** [maxBatch·H] each: the decoder's states, which are kept from one call to the next */
  private readonly states: readonly Tensor[];
  private readonly buffers: PairBuffers;
  private dropout: Dropout | undefined;
  private encoded: Encoded | undefined;
  private decoded: Decoded | undefined;

  constructor(
    private readonly backend: Backend,
    readonly config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    capacity: PairCapacity,
  ) {
    const { hidden: H } = config;
    const { maxSourceRows, maxTargetRows, maxBatch } = capacity;
    this.buffers = new PairBuffers(backend, capacity);
    const layer = (part: string, direction: string, maxRows: number) =>
      new PairLayer(backend, config, weights, gradients, part, direction, maxRows, maxBatch);
    this.encoders = directions.map((direction) => layer('encoder', direction, maxSourceRows));
    this.decoder = layer('decoder', '', maxTargetRows);
    this.combine = cells.rnn.createLayer(backend, H, maxTargetRows, maxTargetRows, {
      weight: weights.get('combine.weight'),
      bias: weights.get('combine.bias'),
    });
    this.states = cellOf(config).states.map(() => backend.tensor([maxBatch * H]));
  }

  /** Reads sources. `decode` attends to them and starts from them, until the next call. */
  encode(sources: Sources, dropout?: Dropout): void {
    const { backend, weights, config } = this;
    const { S, B, ids, reversed, mirror } = sources;
    const { hidden: H } = config;
    this.buffers.require(S * B, 'maxSourceRows');
    this.buffers.require(B, 'maxBatch');
    this.dropout = dropout !== undefined && dropout.rate > 0 ? dropout : undefined;
    const chunks = [ids, reversed].map((list, d) => this.encoders[d].forward(list, S, B));
    const aligned = this.buffers.take('aligned', [S * B, H], 'maxSourceRows');
    backend.gather(aligned, backend.view(chunks[1].output, 0, [S * B, H]), mirror);
    const outputs = [backend.view(chunks[0].output, 0, [S * B, H]), aligned].map((output, d) =>
      this.dropped(`dropped${d}`, output, S, B, d),
    );
    const memory = this.buffers.take('memory', [S, B, 2 * H], 'maxSourceRows');
    const other = this.buffers.take('dMemory', [S, B, 2 * H], 'maxSourceRows');
    backend.linear(memory, outputs[0], weights.get('attention.weight'), undefined);
    backend.linear(other, outputs[1], weights.get('attention.weight_reverse'), undefined);
    backend.add(memory, other);
    this.encoded = { sources, chunks, outputs, memory };
    const part = this.buffers.take('bridge', [B, H], 'maxBatch');
    this.stateNames.forEach((name, k) => {
      const state = this.state(B)[k];
      const [weight, reverse] = directions.map((d) => weights.get(`bridge.weight_${name}${d}`));
      backend.linear(state, chunks[0].finalState[k], weight, weights.get(`bridge.bias_${name}`));
      backend.linear(part, chunks[1].finalState[k], reverse, undefined);
      backend.add(state, part);
    });
  }

  /** The decoder's states, [B, H] each: after `encode` those before its first step, after `decode` those after its last */
  state(B: number): readonly Tensor[] {
    return this.states.map((state) => this.backend.view(state, 0, [B, this.config.hidden]));
  }

  /**
   * Gives each row of the decoder the states of another row.
   * @param parents for each row the row whose states it takes; there may be more or fewer rows than before
   */
  reorder(parents: Indices): void {
    for (const state of this.states) {
      this.buffers.gatherRows(state, parents, this.config.hidden, 'moved', 'maxBatch');
    }
  }

  /**
   * Leaves out sources, so that `decode` attends to the others alone. The decoder's rows are left to `reorder`.
   * @param rows [S·n] which of the S·B positions are those of the n sources that stay, time-major
   */
  narrow(rows: Indices): void {
    const { sources, memory, ...encoded } = this.lastEncoded();
    const { S } = sources;
    const [B, width] = [rows.length / S, 2 * this.config.hidden];
    this.buffers.gatherRows(memory, rows, width, 'dMemory', 'maxSourceRows');
    const narrowed = this.backend.view(memory, 0, [S, B, width]);
    this.encoded = { ...encoded, sources: { ...sources, B }, memory: narrowed };
  }

  /**
   * Runs the decoder for T steps from its current states.
   * @param ids [T, B] the character that was written before each step
   * @param places indices among T·B of the steps whose logits are wanted; all of them if absent
   * @param width number of targets that are written for each source; the rows are then [width, B] instead of B, and
   *   everything named here has that many
   * @returns logits [N, V], valid until the next call
   */
  decode(ids: Indices, T: number, places?: Indices, width = 1): Tensor {
    const { backend, weights, config } = this;
    const { hidden: H, vocabulary: V } = config;
    const { sources, memory } = this.lastEncoded();
    const { S } = sources;
    const B = width * sources.B;
    this.buffers.require(T * B, 'maxTargetRows');
    this.buffers.require(B, 'maxBatch');
    const state = this.state(B);
    const chunk = this.decoder.forward(ids, T, B, state);
    state.forEach((x, k) => {
      backend.copy(x, chunk.finalState[k]);
    });
    const query = chunk.output;
    const attention = this.buffers.take('weights', [T, B, S], 'maxWeights');
    const combined = this.combine.at(1, T * B);
    const buffers = { query, memory, weights: attention };
    // all targets of a source attend to one memory: for the operation they are more queries of the source
    const size = { T: T * width, S, B: sources.B, H };
    backend.attentionForward(size, buffers, combined.inputProjection);
    backend.copy(combined.initialState[0], query);
    combined.forward();
    const top = this.dropped('dropped', combined.output, T, B, topSite);
    const N = places?.length ?? T * B;
    let rows = top;
    if (places) {
      rows = this.buffers.take('rows', [N, H], 'maxTargetRows');
      backend.gather(rows, backend.view(top, 0, [T * B, H]), places);
    }
    const logits = this.buffers.take('logits', [N, V], 'maxTargetRows');
    backend.linear(logits, rows, weights.get('output.weight'), weights.get('output.bias'));
    this.decoded = {
      ...{ T, B, query, weights: attention, combined, top },
      ...(places && { loss: { places, rows, logits } }),
    };
    return logits;
  }

  /**
   * Attention weights of the last call of `decode`, [T, B, S]: how much each step looks at each character of the
   * source
   */
  get attention(): Tensor {
    if (this.decoded === undefined) throw new Error('nothing has been decoded');
    return this.decoded.weights;
  }

  /**
   * Loss at the places of the last call of `decode`.
   * @param targets [N] ids that follow there
   * @param scale factor of the loss whose gradient `backward` takes; 0 leaves the logits unchanged
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
    const { backend, weights, gradients, config } = this;
    const { hidden: H } = config;
    const { sources, chunks, outputs, memory } = this.lastEncoded();
    const { places, rows, logits: dLogits } = this.lastLoss();
    const { T, B, query, weights: attention, combined } = this.decoded as Decoded;
    if (gradients === undefined) throw new Error('not built for training');
    const { S, mirror } = sources;
    const addWeight = (name: string, bias: string | undefined, dy: Tensor, x: Tensor) => {
      const dBias = bias === undefined ? undefined : gradients.get(bias);
      backend.linearBackwardWeight(gradients.get(name), dBias, dy, x);
    };

    addWeight('output.weight', 'output.bias', dLogits, rows);
    // the rows are not needed any more, so their gradient takes their memory
    backend.linearBackwardInput(rows, dLogits, weights.get('output.weight'), false);
    const dTop = this.buffers.take('dTop', [T, B, H], 'maxTargetRows');
    backend.fill(dTop, 0);
    backend.scatterAdd(backend.view(dTop, 0, [T * B, H]), rows, places);
    if (this.dropout) backend.dropout(dTop, dTop, this.mask(topSite));

    const dQuery = this.buffers.take('dQuery', [T * B, H], 'maxTargetRows');
    backend.fill(dQuery, 0);
    combined.backward(backend.view(dTop, 0, [1, T * B, H]), [dQuery]);
    const [product] = combined.products;
    addWeight('combine.weight', 'combine.bias', product.gradient, product.argument);
    const dMemory = this.buffers.take('dMemory', [S, B, 2 * H], 'maxSourceRows');
    const buffers = { query, memory, weights: attention };
    const dContext = combined.inputProjection;
    backend.attentionBackward({ T, S, B, H }, buffers, dContext, dTop, dMemory);
    backend.add(dTop, dQuery);
    const dState = this.takeStates('dState', B);
    for (const d of dState) backend.fill(d, 0);
    this.decoder.backward(dTop, dState);

    directions.forEach((direction, d) => {
      const dFinal = this.takeStates('dFinal', B);
      this.stateNames.forEach((name, k) => {
        const weight = `bridge.weight_${name}${direction}`;
        const bias = d === 0 ? `bridge.bias_${name}` : undefined;
        addWeight(weight, bias, dState[k], chunks[d].finalState[k]);
        backend.linearBackwardInput(dFinal[k], dState[k], weights.get(weight), false);
      });
      const weight = `attention.weight${direction}`;
      addWeight(weight, undefined, dMemory, outputs[d]);
      const dOutput = this.buffers.take('dOutput', [S, B, H], 'maxSourceRows');
      backend.linearBackwardInput(dOutput, dMemory, weights.get(weight), false);
      if (this.dropout) backend.dropout(dOutput, dOutput, this.mask(d));
      this.encoders[d].backward(d === 0 ? dOutput : this.mirrored(dOutput, mirror), dFinal);
    });
  }

  /** Promises that the weights will not change until `thaw`, so that values derived from them can be kept. */
  freeze(): void {
    for (const layer of [...this.encoders, this.decoder]) layer.freeze();
    for (const name of products) this.backend.freeze(this.weights.get(name));
  }

  thaw(): void {
    for (const layer of [...this.encoders, this.decoder]) layer.thaw();
    for (const name of products) this.backend.thaw(this.weights.get(name));
  }

  private get stateNames() {
    return cellOf(this.config).states;
  }

  /**
   * x [S, B, H] in the opposite order of time. It takes the memory of the encoder's outputs, which backward no longer
   * needs.
   */
  private mirrored(x: Tensor, mirror: Indices): Tensor {
    const { backend } = this;
    const [S, B, H] = x.shape;
    const turned = this.buffers.take('aligned', [S * B, H], 'maxSourceRows');
    backend.gather(turned, backend.view(x, 0, [S * B, H]), mirror);
    return backend.view(turned, 0, [S, B, H]);
  }

  /** x [T, B, H] after dropout; without dropout x itself */
  private dropped(name: string, x: Tensor, T: number, B: number, site: number): Tensor {
    if (this.dropout === undefined) return x;
    const { backend, config } = this;
    const shape = [T, B, config.hidden];
    const capacity = site === topSite ? 'maxTargetRows' : 'maxSourceRows';
    const y = this.buffers.take(name, shape, capacity);
    backend.dropout(y, backend.view(x, 0, shape), this.mask(site));
    return y;
  }

  private mask(site: number): DropoutMask {
    return dropoutMask(this.dropout as Dropout, site);
  }

  private lastEncoded(): Encoded {
    if (this.encoded === undefined) throw new Error('nothing has been encoded');
    return this.encoded;
  }

  private lastLoss(): NonNullable<Decoded['loss']> {
    if (this.decoded?.loss === undefined) throw new Error('no places have been decoded');
    return this.decoded.loss;
  }

  private takeStates(name: string, B: number): Tensor[] {
    const { hidden: H } = this.config;
    return this.states.map((_, k) => this.buffers.take(`${name}${k}`, [B, H], 'maxBatch'));
  }
}
