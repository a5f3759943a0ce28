/**
 * The decoder: L layers over the characters of targets, stacked as in a language model. Dropout acts between the
 * layers; the last one's output is dropped out after attention.
 *
 * In shapes, T, B and H are those of pair-network.ts, and E is the size of a label's embedding.
 */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';
import { cellOf } from '../cells/cells.js';
import { type Dropout, dropoutMask } from '../dropout.js';
import { isResidual, type ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';
import type { PairBuffers, PairCapacity } from './pair-buffers.js';
import { PairLayer } from './pair-layer.js';

export class PairDecoder {
  private readonly layers: readonly PairLayer[];
  /** Number of state tensors of a layer */
  private readonly kinds: number;
  private decoded:
    | { readonly T: number; readonly B: number; readonly dropout?: Dropout }
    | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    weights: ParameterTensors,
    gradients: ParameterTensors | undefined,
    private readonly buffers: PairBuffers,
    { maxTargetRows: maxRows, maxBatch }: PairCapacity,
  ) {
    this.kinds = cellOf(config).states.length;
    this.layers = Array.from({ length: config.layers }, (_, layer) => {
      const reads = layer === 0 ? 'characters' : 'rows';
      const place = { part: 'decoder', layer, reads, direction: '', maxRows, maxBatch } as const;
      return new PairLayer(backend, config, weights, gradients, place);
    });
  }

  /**
   * Runs T steps.
   * @param ids [T, B] what is read
   * @param labels [N, E] embeddings of labels, if there are any; row b uses row b mod N
   * @param states [B, H] each, layer by layer: the states before the first step, which are overwritten with those after
   * the last
   * @returns [T, B, H] the output of the last layer
   */
  forward(
    ids: Indices,
    T: number,
    B: number,
    labels: Tensor | undefined,
    states: readonly Tensor[],
    dropout: Dropout | undefined,
  ): Tensor {
    const { backend, config, layers } = this;
    let x: Tensor | undefined;
    layers.forEach((layer, l) => {
      const own = this.ofLayer(states, l);
      const chunk = layer.forward(x ? { rows: x } : { ids, labels }, T, B, own);
      own.forEach((state, k) => {
        backend.copy(state, chunk.finalState[k]);
      });
      const mask = this.mask(dropout, l);
      if (mask === undefined && !isResidual(config, l)) {
        x = chunk.output;
        return;
      }
      const y = this.buffers.take(`handed${l}`, [T, B, config.hidden], 'maxTargetRows');
      if (mask) backend.dropout(y, chunk.output, mask);
      else backend.copy(y, chunk.output);
      if (x && isResidual(config, l)) backend.add(y, x);
      x = y;
    });
    this.decoded = { T, B, ...(dropout && { dropout }) };
    return x as Tensor;
  }

  /**
   * Adds to the gradients of the decoder's parameters.
   * @param dOutput [T, B, H] gradient w.r.t. the output, which is overwritten
   * @param dLabels [N, E]: the gradient w.r.t. the embeddings of labels is added to it
   * @param dStates [B, H] each, layer by layer: receive the gradients w.r.t. the states before the first step
   */
  backward(dOutput: Tensor, dLabels: Tensor | undefined, dStates: readonly Tensor[]): void {
    const { backend, config, layers, decoded } = this;
    if (decoded === undefined) throw new Error('nothing has been decoded');
    const { T, B, dropout } = decoded;
    for (let l = layers.length - 1; l >= 0; l--) {
      const isSkipped = isResidual(config, l);
      let dLayer = dOutput;
      const mask = this.mask(dropout, l);
      if (mask) {
        const shape = [T, B, config.hidden];
        if (isSkipped) dLayer = this.buffers.take('dHanded', shape, 'maxTargetRows');
        backend.dropout(dLayer, dOutput, mask);
      }
      const own = this.ofLayer(dStates, l);
      for (const d of own) backend.fill(d, 0);
      // with a skip connection, `dOutput` already holds the gradient through it, and the layer's own gradient is added
      const above = { rows: dOutput, accumulates: isSkipped };
      layers[l].backward(dLayer, own, l > 0 ? above : { labels: dLabels });
    }
  }

  freeze(): void {
    for (const layer of this.layers) layer.freeze();
  }

  thaw(): void {
    for (const layer of this.layers) layer.thaw();
  }

  private ofLayer(states: readonly Tensor[], l: number): readonly Tensor[] {
    return states.slice(l * this.kinds, (l + 1) * this.kinds);
  }

  /** The dropout mask between layer l and the next one. The encoder's masks have the numbers before the decoder's. */
  private mask(dropout: Dropout | undefined, l: number) {
    const { layers: L } = this.config;
    return dropout && l < L - 1 ? dropoutMask(dropout, 2 * L + l) : undefined;
  }
}
