/**
 * A recurrent layer of an encoder or decoder with its input: characters in the first layer, rows of numbers in the
 * others.
 */
import type { Backend, Indices, LayerInput, Tensor } from '../../backend/backend.js';
import type { CellChunk, CellLayer } from '../cells/cell.js';
import { cellOf } from '../cells/cells.js';
import { FirstLayerInput } from '../input.js';
import { LabelProjection } from '../labels.js';
import type { ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import { SummedInput } from '../summed-input.js';

/**
 * What a layer reads: ids [T, B], or rows of numbers [T·B, ·]; a first layer may also read embeddings of labels [N, E]
 */
export type LayerSource = ({ readonly ids: Indices } | { readonly rows: Tensor }) & {
  readonly labels?: Tensor | undefined;
};

/** Receives the gradients w.r.t. the input of a layer */
export interface SourceGradients {
  /** [T·B, ·] gradients w.r.t. the rows that the layer has read */
  readonly rows?: Tensor | undefined;
  /** Whether the gradients w.r.t. the rows that the layer has read are added to what `rows` holds already */
  readonly accumulates?: boolean;
  /** [N, E] gradients w.r.t. the embeddings of labels, which are added to what is there already */
  readonly labels?: Tensor | undefined;
}

export interface LayerPlace {
  /** The beginning of the names of the layer's parameters */
  readonly part: 'encoder' | 'decoder';
  readonly layer: number;
  /** What the layer reads; a first layer reads characters, except an encoder's if the sources have vectors */
  readonly reads: 'characters' | 'rows';
  /** The end of the names of the layer's parameters */
  readonly direction: '' | '_reverse';
  /** Max number of rows in all steps of a batch (T·B), and in a single step (B) */
  readonly maxRows: number;
  readonly maxBatch: number;
}

export class PairLayer {
  /**
   * Makes the input from characters; absent if the layer reads rows of numbers, which are only multiplied by a matrix
   */
  private readonly characters: FirstLayerInput | undefined;
  private readonly labels: LabelProjection | undefined;
  private readonly layer: CellLayer;
  private readonly maxRows: number;
  /** Memory for an input to which labels contribute */
  private summed: SummedInput | undefined;
  private readonly name: (what: string) => string;
  private current: { readonly chunk: CellChunk; readonly source: LayerSource } | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    { part, layer, reads, direction, maxRows, maxBatch }: LayerPlace,
  ) {
    const { hidden: H, layerNorm } = config;
    this.maxRows = maxRows;
    this.name = (what) => `${part}.${what}_l${layer}${direction}`;
    if (reads === 'characters') {
      this.characters = new FirstLayerInput(backend, config, weights, gradients, maxRows, {
        embedding: `${part}.embedding.weight`,
        weight: this.name('weight_ih'),
        bias: this.name('bias_ih'),
      });
    }
    if (layer === 0 && config.labels) {
      const name = this.name('weight_label');
      this.labels = new LabelProjection(backend, weights, gradients, name, maxBatch);
    }
    const bias = this.name('bias_hh');
    const gain = this.name('weight_norm');
    this.layer = cellOf(config).createLayer(backend, H, maxRows, maxBatch, {
      weight: weights.get(this.name('weight_hh')),
      bias: weights.get(bias),
      ...(layerNorm && {
        norm: {
          gain: weights.get(gain),
          gradients: gradients && { gain: gradients.get(gain), bias: gradients.get(bias) },
        },
      }),
    });
  }

  /**
   * Runs the layer.
   * @param initial [B, H] each: the states before the first step; zeros if absent
   */
  forward(source: LayerSource, T: number, B: number, initial?: readonly Tensor[]): CellChunk {
    const { backend } = this;
    const chunk = this.layer.at(T, B);
    chunk.initialState.forEach((state, k) => {
      if (initial) backend.copy(state, initial[k]);
      else backend.fill(state, 0);
    });
    chunk.forward(this.inputOf(source, T, B));
    this.current = { chunk, source };
    return chunk;
  }

  private inputOf(source: LayerSource, T: number, B: number): LayerInput {
    const { backend, weights, labels } = this;
    const weight = weights.get(this.name('weight_ih'));
    const bias = weights.get(this.name('bias_ih'));
    if (labels && source.labels) {
      this.summed ??= new SummedInput(backend, this.maxRows, weight.shape[0]);
      const projection = this.summed.rows(T * B);
      if ('ids' in source) this.requireCharacters().write(projection, source.ids);
      else backend.linear(projection, source.rows, weight, bias);
      labels.forward(projection, source.labels);
      return this.summed.input(T * B);
    }
    if ('ids' in source) return this.requireCharacters().forward(source.ids, T, B);
    const D = weight.shape[1];
    return { x: backend.view(source.rows, 0, [T, B, D]), weight, bias };
  }

  /**
   * Adds to the gradients of the layer's parameters and of its embedding.
   * @param dOutput [T, B, H] gradient w.r.t. the output
   * @param dState [B, H] each: before the call the gradients w.r.t. the states after the last step, after it those
   * w.r.t. the states before the first step
   */
  backward(dOutput: Tensor, dState: readonly Tensor[], dSource: SourceGradients = {}): void {
    const { backend, config, weights, gradients, current, labels } = this;
    if (gradients === undefined || current === undefined)
      throw new Error('backward needs a forward pass before it');
    const { chunk, source } = current;
    chunk.backward(dOutput, dState);
    const [product] = chunk.products;
    backend.linearBackwardWeight(
      gradients.get(this.name('weight_hh')),
      // with layer normalisation the layer itself adds to the gradient of its bias
      config.layerNorm ? undefined : gradients.get(this.name('bias_hh')),
      product.gradient,
      product.argument,
    );
    const dProjection = chunk.inputProjection;
    if (labels && source.labels && dSource.labels) {
      labels.backward(dProjection, source.labels, dSource.labels);
    }
    if ('ids' in source) {
      this.requireCharacters().backward(dProjection, source.ids);
      return;
    }
    const name = this.name('weight_ih');
    const dBias = gradients.get(this.name('bias_ih'));
    backend.linearBackwardWeight(gradients.get(name), dBias, dProjection, source.rows);
    const { rows: dRows, accumulates = false } = dSource;
    if (dRows) backend.linearBackwardInput(dRows, dProjection, weights.get(name), accumulates);
  }

  freeze(): void {
    this.backend.freeze(this.weights.get(this.name('weight_hh')));
    this.labels?.freeze();
    if (this.characters) this.characters.freeze();
    else this.backend.freeze(this.weights.get(this.name('weight_ih')));
  }

  thaw(): void {
    this.backend.thaw(this.weights.get(this.name('weight_hh')));
    this.labels?.thaw();
    if (this.characters) this.characters.thaw();
    else this.backend.thaw(this.weights.get(this.name('weight_ih')));
  }

  private requireCharacters(): FirstLayerInput {
    if (this.characters === undefined) throw new Error('this layer reads no characters');
    return this.characters;
  }
}
