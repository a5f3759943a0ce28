/**
 * The rows that an encoder reads if vectors precede the characters of sources. A vector is a position of the source
 * like a character: a matrix maps it to the size of the characters' embeddings. So the encoder's last states, from
 * which the decoder starts, depend on the vectors, and attention covers each of them.
 *
 *     x_n = W (vector_n - mean) / deviation + b                  for vectors, which come first
 *     x_s = embedding(character_s)                               for characters
 */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';
import type { ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import type { PairBuffers } from './pair-buffers.js';
import type { Sources } from './pair-feed.js';

const embeddingName = 'encoder.embedding.weight';

export class VectorRows {
  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    private readonly buffers: PairBuffers,
  ) {}

  /** @returns the rows that each direction of the encoder reads, [S·B, D], in that direction's order of time */
  forward(sources: Sources): readonly [Tensor, Tensor] {
    const { backend, weights } = this;
    const forwards = this.take('embedded', sources);
    const { vectors, characters } = this.parts(forwards, sources);
    if (vectors) backend.linear(vectors, sources.vectors as Tensor, ...this.projection(weights));
    if (characters) backend.gather(characters, weights.get(embeddingName), sources.ids);
    const backwards = this.take('embedded_reverse', sources);
    backend.gather(backwards, forwards, sources.mirror);
    return [forwards, backwards];
  }

  /**
   * Adds to the gradients of the matrix and bias for vectors, and of the characters' embeddings.
   * @param dRows the gradients w.r.t. the rows that `forward` has returned, which are overwritten
   */
  backward(sources: Sources, [dForwards, dBackwards]: readonly Tensor[]): void {
    const { backend, gradients } = this;
    if (gradients === undefined) throw new Error('this network was not built for training');
    const turned = this.take('embedded_reverse', sources);
    backend.gather(turned, dBackwards, sources.mirror);
    backend.add(dForwards, turned);
    const { vectors, characters } = this.parts(dForwards, sources);
    if (vectors) {
      const [dWeight, dBias] = this.projection(gradients);
      backend.linearBackwardWeight(dWeight, dBias, vectors, sources.vectors as Tensor);
    }
    if (characters) backend.scatterAdd(gradients.get(embeddingName), characters, sources.ids);
  }

  private projection(of: ParameterTensors): [Tensor, Tensor] {
    return [of.get('vector.weight'), of.get('vector.bias')];
  }

  private take(name: string, { S, B }: Sources): Tensor {
    return this.buffers.take(name, [S * B, this.config.embedding], 'maxSourceRows');
  }

  /** Of the rows that the encoder reads, those of vectors and those of characters; undefined if there are none */
  private parts(rows: Tensor, { ids, S, B }: { ids: Indices; S: number; B: number }) {
    const { backend } = this;
    const { embedding: D } = this.config;
    const before = S * B - ids.length;
    return {
      vectors: before > 0 ? backend.view(rows, 0, [before, D]) : undefined,
      characters: ids.length > 0 ? backend.view(rows, before * D, [ids.length, D]) : undefined,
    };
  }
}
