/** The input of a language model's first layer: characters and, if the texts have any, labels. */
import type { Backend, Indices, LayerInput, Tensor } from '../backend/backend.js';
import { FirstLayerInput } from './input.js';
import { LabelEmbedding, LabelProjection, type LabelRows } from './labels.js';
import type { ModelConfig } from './model-config.js';
import type { ParameterTensors } from './parameters.js';
import { SummedInput } from './summed-input.js';

/** Name of the matrix with which a language model multiplies embeddings of labels */
export const labelWeight = 'rnn.weight_label_l0';

export class LabelledInput {
  private readonly characters: FirstLayerInput;
  private readonly labels:
    | {
        readonly embedding: LabelEmbedding;
        readonly projection: LabelProjection;
        readonly summed: SummedInput;
      }
    | undefined;

  constructor(
    backend: Backend,
    config: ModelConfig,
    weights: ParameterTensors,
    gradients: ParameterTensors | undefined,
    maxRows: number,
  ) {
    this.characters = new FirstLayerInput(backend, config, weights, gradients, maxRows);
    if (config.labels === undefined) return;
    this.labels = {
      embedding: new LabelEmbedding(backend, config, weights, gradients, maxRows),
      projection: new LabelProjection(backend, weights, gradients, labelWeight, maxRows),
      summed: new SummedInput(backend, maxRows, weights.get(labelWeight).shape[0]),
    };
  }

  /**
   * The input made from characters and labels.
   * @param ids [T, B]
   * @param rows labels, for a network with labels: those of the T·B rows, or of B rows if they are the same at every
   * step
   */
  forward(ids: Indices, T: number, B: number, rows: LabelRows | undefined): LayerInput {
    const { characters, labels } = this;
    if (labels === undefined) return characters.forward(ids, T, B);
    if (rows === undefined) throw new Error('the labels are missing');
    const projection = labels.summed.rows(T * B);
    characters.write(projection, ids);
    labels.projection.forward(projection, labels.embedding.forward(rows));
    return labels.summed.input(T * B);
  }

  /**
   * Adds to the gradients of all parameters from which the input is made: those for characters and those for labels.
   * @param dProjection [T, B, G·H] in float32 or bfloat16
   */
  backward(dProjection: Tensor, ids: Indices): void {
    const { characters, labels } = this;
    if (labels) {
      const dSums = labels.embedding.gradient();
      labels.projection.backward(dProjection, labels.embedding.last, dSums);
      labels.embedding.backward();
    }
    characters.backward(dProjection, ids);
  }

  freeze(): void {
    this.characters.freeze();
    this.labels?.projection.freeze();
  }

  thaw(): void {
    this.characters.thaw();
    this.labels?.projection.thaw();
  }
}
