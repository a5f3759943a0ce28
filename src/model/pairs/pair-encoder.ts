/**
 * The encoder: L layers, each of which reads its input forwards and backwards. The layers above the first read both
 * directions of the layer below, side by side; with residual connections each direction adds the same direction's
 * output from below.
 *
 * Each direction runs in its own order of time. Where both are needed, a gather puts their outputs side by side in a
 * common order: it moves rows of H numbers, two of which make up a row of 2H numbers.
 *
 * In shapes, S, B and H are those of pair-network.ts, and E is the size of a label's embedding.
 */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { CellChunk } from '../cells/cell.js';
import { type Dropout, dropoutMask } from '../dropout.js';
import { isResidual, type ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import type { PairBuffers, PairCapacity } from './pair-buffers.js';
import type { Sources } from './pair-feed.js';
import { type LayerSource, PairLayer } from './pair-layer.js';
import { directions } from './pair-parameters.js';
import { VectorRows } from './vector-rows.js';

interface Encoded {
  readonly sources: Sources;
  readonly dropout: Dropout | undefined;
  /** Activations by layer and direction */
  readonly chunks: readonly (readonly CellChunk[])[];
}

export class PairEncoder {
  private readonly layers: readonly (readonly PairLayer[])[];
  private readonly vectors: VectorRows | undefined;
  private encoded: Encoded | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    weights: ParameterTensors,
    gradients: ParameterTensors | undefined,
    private readonly buffers: PairBuffers,
    { maxSourceRows: maxRows, maxBatch }: PairCapacity,
  ) {
    this.layers = Array.from({ length: config.layers }, (_, layer) =>
      directions.map((direction) => {
        const reads = layer === 0 && !config.vectors ? 'characters' : 'rows';
        const place = { part: 'encoder', layer, reads, direction, maxRows, maxBatch } as const;
        return new PairLayer(backend, config, weights, gradients, place);
      }),
    );
    if (config.vectors) {
      this.vectors = new VectorRows(backend, config, weights, gradients, buffers);
    }
  }

  /**
   * Reads sources.
   * @param labels [B, E] embeddings of the sources' labels, if they have any
   * @returns [S·B, 2H] the outputs of both directions of the last layer, side by side, from the first character to the
   * last
   */
  forward(sources: Sources, labels: Tensor | undefined, dropout: Dropout | undefined): Tensor {
    const { backend, config, layers } = this;
    const { S, B, ids, reversed, join } = sources;
    const embedded = this.vectors?.forward(sources);
    const read = (l: number, d: number): LayerSource => {
      if (l > 0) return { rows: this.joined(l - 1, d, S, B) };
      return { ...(embedded ? { rows: embedded[d] } : { ids: [ids, reversed][d] }), labels };
    };
    const chunks = layers.map((pair, l) => {
      const own = pair.map((layer, d) => layer.forward(read(l, d), S, B));
      own.forEach(({ output }, d) => {
        const y = this.half(this.stacked(l, S, B), d, S, B);
        if (dropout) backend.dropout(y, output, dropoutMask(dropout, 2 * l + d));
        else backend.copy(y, output);
        if (isResidual(config, l)) backend.add(y, this.half(this.stacked(l - 1, S, B), d, S, B));
      });
      // attention reads the last layer's outputs, and only in the order of the forward direction
      for (const d of l < layers.length - 1 ? [0, 1] : [0]) {
        backend.gather(this.inRows(this.joined(l, d, S, B)), this.stacked(l, S, B), join[d]);
      }
      return own;
    });
    this.encoded = { sources, dropout, chunks };
    return this.joined(layers.length - 1, 0, S, B);
  }

  /** The states after each direction's last step, [B, H] each */
  finalState(layer: number, direction: number): readonly Tensor[] {
    return this.last().chunks[layer][direction].finalState;
  }

  /**
   * Adds to the gradients of the encoder's parameters.
   * @param dOutput [S·B, 2H] gradient w.r.t. what `forward` has returned, which is overwritten
   * @param dLabels [B, E]: the gradient w.r.t. the embeddings of labels is added to it
   * @param dFinal gives the gradients w.r.t. the final states of a layer's direction, [B, H] each, which are
   * overwritten
   */
  backward(
    dOutput: Tensor,
    dLabels: Tensor | undefined,
    dFinal: (layer: number, direction: number) => readonly Tensor[],
  ): void {
    const { backend, config, layers, buffers, vectors } = this;
    const { sources, dropout } = this.last();
    const { S, B, split } = sources;
    const { hidden: H } = config;
    const wide = (name: string) => buffers.take(name, [S * B, 2 * H], 'maxSourceRows');
    const dStacked = this.inRows(wide('dStacked'));
    backend.gather(dStacked, this.inRows(dOutput), split[0]);
    for (let l = layers.length - 1; l >= 0; l--) {
      const isSkipped = isResidual(config, l);
      layers[l].forEach((layer, d) => {
        const dLayer = this.half(dStacked, d, S, B);
        let dOwn = dLayer;
        if (dropout) {
          if (isSkipped) dOwn = buffers.take('dUndropped', [S, B, H], 'maxSourceRows');
          backend.dropout(dOwn, dLayer, dropoutMask(dropout, 2 * l + d));
        }
        const rows = l > 0 ? wide(`dJoined${d}`) : vectors && this.dEmbedded(d, S, B);
        layer.backward(dOwn, dFinal(l, d), { rows, labels: dLabels });
      });
      if (l === 0) break;
      if (!isSkipped) backend.fill(dStacked, 0);
      const part = this.inRows(dOutput);
      split.forEach((list, d) => {
        backend.gather(part, this.inRows(wide(`dJoined${d}`)), list);
        backend.add(dStacked, part);
      });
    }
    vectors?.backward(
      sources,
      directions.map((_, d) => this.dEmbedded(d, S, B)),
    );
  }

  private dEmbedded(d: number, S: number, B: number): Tensor {
    const name = `dEmbedded${directions[d]}`;
    return this.buffers.take(name, [S * B, this.config.embedding], 'maxSourceRows');
  }

  freeze(): void {
    for (const layer of this.layers.flat()) layer.freeze();
  }

  thaw(): void {
    for (const layer of this.layers.flat()) layer.thaw();
  }

  private last(): Encoded {
    if (this.encoded === undefined) throw new Error('nothing has been encoded');
    return this.encoded;
  }

  /**
   * [2·S·B, H]: layer l's outputs after dropout, first those of the forward direction, then those of the backward
   * direction
   */
  private stacked(l: number, S: number, B: number): Tensor {
    const { hidden: H } = this.config;
    return this.inRows(this.buffers.take(`stacked${l}`, [S * B, 2 * H], 'maxSourceRows'));
  }

  /** [S·B, 2H]: layer l's outputs of both directions side by side, in the order of time of direction d */
  private joined(l: number, d: number, S: number, B: number): Tensor {
    const { hidden: H } = this.config;
    return this.buffers.take(`joined${l}${directions[d]}`, [S * B, 2 * H], 'maxSourceRows');
  }

  /** A tensor as rows of H numbers */
  private inRows(x: Tensor): Tensor {
    const { hidden: H } = this.config;
    return this.backend.view(x, 0, [x.size / H, H]);
  }

  /** The rows of direction d in a tensor [2·S·B, H] */
  private half(x: Tensor, d: number, S: number, B: number): Tensor {
    const { hidden: H } = this.config;
    return this.backend.view(x, d * S * B * H, [S, B, H]);
  }
}
