/**
 * The character model: embedding → L recurrent layers of H units → linear → softmax over V characters, in chunks of T
 * steps and B rows. Truncated back-propagation through time is the loop over layers here and the loop over time steps
 * in the cells.
 *
 * With residual connections (He et al. 2016; between LSTM layers, Wu et al. 2016) the layers above the first pass on x
 * + dropout(layer(x)) instead of dropout(layer(x)).
 *
 * Activations are allocated once, for chunks of at most `maxRows` = T·B rows: for each layer what its cell needs, plus
 * one [T,B,H] gradient and, with dropout or residual connections, one [T,B,H] output (with both, another [T,B,H]
 * gradient), plus [T·B,V] logits.
 */
import type { Backend, DropoutMask, Indices, ProjectedInput, Tensor } from '../backend/backend.js';
import type { Reset } from '../text/documents.js';
import type { Cell, CellChunk, CellLayer } from './cells/cell.js';
import { cellOf } from './cells/cells.js';
import { type Capacity, ChunkBuffers, type ChunkViews } from './chunk-buffers.js';
import { DocumentResets } from './document-resets.js';
import { type Dropout, dropoutMask } from './dropout.js';
import { LabelledInput } from './labelled-input.js';
import type { LabelRows } from './labels.js';
import {
  addProductGradients,
  type LayerWeights,
  layerWeights,
  ownWeights,
} from './layer-weights.js';
import { isResidual, type ModelConfig } from './model-config.js';
import { createState } from './network-state.js';
import type { ParameterTensors } from './parameters.js';
import { WeightDrop } from './weight-drop.js';

/** The state of every layer, [B, H] each: `state[layer][0]` is h, `[1]` the LSTM's c. */
export type State = readonly (readonly Tensor[])[];

/** Receives the gradients w.r.t. the states before each step, [B, H] each, beginning with the last layer and step. */
export type StateGradientObserver = (layer: number, t: number, dState: readonly Tensor[]) => void;

export class Network {
  private readonly input: LabelledInput;
  private readonly layers: readonly CellLayer[];
  private readonly buffers: ChunkBuffers;
  private readonly cell: Cell;
  private readonly layerWeights: readonly LayerWeights[];
  private readonly inputs: ProjectedInput[] = [];
  private readonly layerGradients: readonly LayerWeights[] | undefined;
  private readonly weightDrop: WeightDrop | undefined;
  private readonly outputWeight: Tensor;
  private readonly outputBias: Tensor;
  private dropout: Dropout | undefined;
  private labels: LabelRows | undefined;
  private readonly documentResets: DocumentResets | undefined;
  /** Buffers and input of the chunk that was last run forward */
  private current: { chunk: ChunkViews; ids: Indices; T: number; B: number } | undefined;

  constructor(
    private readonly backend: Backend,
    readonly config: ModelConfig,
    weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    capacity: Capacity,
  ) {
    const { layers: L, hidden: H } = config;
    const { maxRows, maxBatch, weightDrop } = capacity;
    const cell = cellOf(config);
    this.cell = cell;
    const all = Array.from({ length: L }, (_, l) => l);
    this.layerWeights = all.map((l) => layerWeights(config, weights, l));
    this.layerGradients = gradients && all.map((l) => layerWeights(config, gradients, l));
    this.input = new LabelledInput(backend, config, weights, gradients, maxRows);
    const recurrent = this.recurrentWeights;
    this.weightDrop =
      weightDrop && recurrent.length > 0 ? new WeightDrop(backend, recurrent) : undefined;
    this.layers = this.layerWeights.map((layer, l) => {
      const weight = this.weightDrop?.dropped[l] ?? layer.recurrent;
      return cell.createLayer(backend, H, maxRows, maxBatch, {
        weight,
        bias: layer.bias,
        ...ownWeights(layer, this.layerGradients?.[l]),
      });
    });
    this.documentResets = capacity.documents
      ? new DocumentResets(backend, config, maxRows)
      : undefined;
    this.outputWeight = weights.get('output.weight');
    this.outputBias = weights.get('output.bias');
    this.buffers = new ChunkBuffers(backend, config, this.layers, capacity);
  }

  /** Allocates a state of zeros for B rows. */
  createState(B: number): State {
    return createState(this.backend, this.config, B);
  }

  /**
   * Runs T steps of B rows.
   * @param ids [T, B] time-major
   * @param state the state before the chunk, which is overwritten with the state after it
   * @param resets rows whose state becomes zero within the chunk, in ascending order of steps
   * @param labels those of each row and step, for a network with labels
   * @returns logits [T·B, V], valid until the next call
   */
  forward(
    ids: Indices,
    T: number,
    B: number,
    state: State,
    dropout?: Dropout,
    resets?: readonly Reset[],
    labels?: LabelRows,
  ): Tensor {
    const chunk = this.chunk(T, B);
    this.dropout = dropout;
    this.labels = labels;
    this.weightDrop?.forward(dropout);
    if (resets && !this.documentResets) throw new Error('this network was not built for documents');
    this.documentResets?.begin(T, B, resets ?? []);
    const isNew = this.current?.chunk !== chunk || this.current.ids !== ids;
    if (isNew) this.current = { chunk, ids, T, B };
    for (let l = 0; l < this.layers.length; l++) this.forwardLayer(chunk, l, ids, state[l]);
    const top = this.layerOutput(chunk, this.layers.length - 1);
    this.backend.linear(chunk.logits, top, this.outputWeight, this.outputBias);
    return chunk.logits;
  }

  private forwardLayer(chunk: ChunkViews, l: number, ids: Indices, state: readonly Tensor[]): void {
    const { backend } = this;
    const layer = chunk.layers[l];
    const { T, B } = layer.size;
    const input = l === 0 ? this.input.forward(ids, T, B, this.labels) : this.inputAbove(chunk, l);
    for (let k = 0; k < state.length; k++) backend.copy(layer.initialState[k], state[k]);
    if (this.documentResets) this.documentResets.forward(this.layers[l], l, input);
    else layer.forward(input);
    for (let k = 0; k < state.length; k++) backend.copy(state[k], layer.finalState[k]);
    this.writeLayerOutput(chunk, l);
  }

  /**
   * The input of a layer above the first. The object is kept for the next call, because in each step of generation the
   * layer below writes its output to the same memory.
   */
  private inputAbove(chunk: ChunkViews, l: number): ProjectedInput {
    const x = this.layerOutput(chunk, l - 1);
    if (this.inputs[l]?.x !== x) this.inputs[l] = { x, ...this.layerWeights[l].input };
    return this.inputs[l];
  }

  /**
   * Loss of the last forward pass.
   * @param targets [T, B] ids of the characters that followed
   * @param scale factor of the loss whose gradient `backward` computes; 0 leaves the logits unchanged
   * @returns one loss per row, [T·B], in nats
   */
  loss(targets: Indices, scale: number): Tensor {
    const { chunk } = this.last();
    this.backend.softmaxCrossEntropy(chunk.losses, chunk.logits, targets, scale);
    return chunk.losses;
  }

  /**
   * Adds the gradient of scale · Σ losses to the gradients, by back-propagation through the T steps of the last chunk.
   * No gradient flows beyond the chunk's edge.
   * @param observe receives the gradient at every step, at the cost of one call per step
   * @returns gradient w.r.t. the state of layer 0 before the chunk
   */
  backward(observe?: StateGradientObserver): readonly Tensor[] {
    const { backend, gradients, layerGradients } = this;
    const { chunk, ids } = this.last();
    const { dOutput } = chunk;
    if (gradients === undefined || layerGradients === undefined || dOutput === undefined) {
      throw new Error('this network was not built for training');
    }
    const last = this.layers.length - 1;
    // the logits have been replaced by their gradient
    const dLogits = chunk.logits;
    backend.linearBackwardWeight(
      gradients.get('output.weight'),
      gradients.get('output.bias'),
      dLogits,
      this.layerOutput(chunk, last),
    );
    backend.linearBackwardInput(dOutput, dLogits, this.outputWeight, false);
    for (let l = last; l >= 0; l--) {
      const layer = chunk.layers[l];
      const isSkipped = isResidual(this.config, l);
      let dLayer = dOutput;
      if (this.dropsOutputs) {
        if (isSkipped) dLayer = chunk.dUndropped as Tensor;
        backend.dropout(dLayer, dOutput, this.mask(l));
      }
      for (const d of chunk.dState) backend.fill(d, 0);
      if (observe) this.backwardByStep(chunk, l, dLayer, observe);
      else if (this.documentResets) {
        this.documentResets.backward(this.layers[l], l, dLayer, chunk.dState);
      } else layer.backward(dLayer, chunk.dState);
      this.recurrentBackward(layerGradients[l], layer, l);
      const dProjection = layer.inputProjection;
      if (l === 0) {
        this.input.backward(dProjection, ids);
      } else {
        backend.linearBackwardWeight(
          layerGradients[l].input.weight,
          layerGradients[l].input.bias,
          dProjection,
          this.layerOutput(chunk, l - 1),
        );
        // if there is a skip connection, `dOutput` already holds the gradient through it, and this gradient is added
        const { weight } = this.layerWeights[l].input;
        backend.linearBackwardInput(dOutput, dProjection, weight, isSkipped);
      }
    }
    return chunk.dState;
  }

  private backwardByStep(
    { layers, dState }: ChunkViews,
    l: number,
    dOutput: Tensor,
    observe: StateGradientObserver,
  ): void {
    const { T, B, H } = layers[l].size;
    for (let t = T - 1; t >= 0; t--) {
      const step = this.layers[l].at(1, B, t);
      step.backward(this.backend.view(dOutput, t * B * H, [1, B, H]), dState);
      observe(l, t, dState);
    }
  }

  /**
   * Activations of the layers after the last forward pass; after a backward pass, `inputProjection` holds the gradient
   * w.r.t. the input projection, and gates may have been overwritten.
   */
  get activations(): readonly Pick<
    CellChunk,
    'gates' | 'inputProjection' | 'output' | 'unitValues'
  >[] {
    return this.last().chunk.layers;
  }

  /** Promises that the weights will not change until `thaw`, so that values derived from them can be cached. */
  freeze(): void {
    const parts = this.cell.unitGroups.map((count) => count * this.config.hidden);
    for (const weight of this.recurrentWeights) this.backend.freeze(weight, parts);
    for (const weight of this.productWeights()) this.backend.freeze(weight);
    this.input.freeze();
  }

  thaw(): void {
    for (const weight of [...this.recurrentWeights, ...this.productWeights()]) {
      this.backend.thaw(weight);
    }
    this.input.thaw();
  }

  private productWeights(): Tensor[] {
    return [...this.layerWeights.slice(1).map(({ input }) => input.weight), this.outputWeight];
  }

  /** The recurrent weights of all layers; empty if the cell has none */
  private get recurrentWeights(): Tensor[] {
    return this.layerWeights.flatMap(({ recurrent }) => recurrent ?? []);
  }

  /** Writes what layer l passes on: its output after dropout, plus its input if it has a residual connection. */
  private writeLayerOutput(chunk: ChunkViews, l: number): void {
    const { backend } = this;
    const { output } = chunk.layers[l];
    const layerOutput = this.layerOutput(chunk, l);
    if (this.dropsOutputs) backend.dropout(layerOutput, output, this.mask(l));
    else if (layerOutput !== output) backend.copy(layerOutput, output);
    if (isResidual(this.config, l)) backend.add(layerOutput, this.layerOutput(chunk, l - 1));
  }

  private layerOutput(chunk: ChunkViews, l: number): Tensor {
    const isOutput = !this.dropsOutputs && !isResidual(this.config, l);
    return isOutput ? chunk.layers[l].output : (chunk.layerOutputs[l] as Tensor);
  }

  /** Adds to the gradients of layer l's recurrent weight and bias. */
  private recurrentBackward(gradients: LayerWeights, { products }: CellChunk, l: number): void {
    const { backend, config } = this;
    const { recurrent: dWeight, bias } = gradients;
    if (dWeight === undefined) return;
    // with layer normalisation the bias is added after the normalisation, and the layer computes its gradient itself
    const dBias = config.layerNorm ? undefined : bias;
    const addGradient = (dWeight: Tensor) =>
      addProductGradients(backend, this.cell, products, dWeight, dBias);
    if (this.weightDrop) this.weightDrop.backward(this.dropout, l, dWeight, addGradient);
    else addGradient(dWeight);
  }

  private get dropsOutputs(): boolean {
    return this.dropout !== undefined && this.dropout.rate > 0;
  }

  private mask(layer: number): DropoutMask {
    return dropoutMask(this.dropout as Dropout, layer);
  }

  private last() {
    if (this.current === undefined) throw new Error('there has been no forward pass yet');
    return this.current;
  }

  private chunk(T: number, B: number): ChunkViews {
    // usually, and always in generation, a chunk has the size of the one before it: its views of memory serve again
    if (this.current?.T === T && this.current.B === B) return this.current.chunk;
    return this.buffers.at(T, B);
  }
}
