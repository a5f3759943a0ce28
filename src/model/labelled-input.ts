/** The input of a language model's first layer: characters, and the labels of the texts where these have any. */
import type { Backend, Indices, Lookup, Tensor } from '../backend/backend.js';
import { FirstLayerInput } from './input.js';
import { LabelEmbedding, LabelProjection, type LabelRows } from './labels.js';
import type { ModelConfig } from './model-config.js';
import type { ParameterTensors } from './parameters.js';

/** Name of the matrix that a language model multiplies embeddings of labels with */
export const labelWeight = 'rnn.weight_label_l0';

export class LabelledInput {
  private readonly characters: FirstLayerInput;
  private readonly labels:
    | { readonly embedding: LabelEmbedding; readonly projection: LabelProjection }
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
    };
  }

  /**
   * Projects characters and labels.
   * @param projection [T, B, G·H], which is written unless a look-up is returned
   * @param rows of a network with labels: those of the T·B rows, or of B rows if they are the same at every step
   */
  forward(projection: Tensor, ids: Indices, rows: LabelRows | undefined): Lookup | undefined {
    const { characters, labels } = this;
    if (labels === undefined) return characters.forward(projection, ids);
    if (rows === undefined) throw new Error('the labels are missing');
    characters.forward(projection, ids, true);
    labels.projection.forward(projection, labels.embedding.forward(rows));
    return undefined;
  }

  /** Adds to the gradients of all that is learned here; dProjection [T, B, G·H] */
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
