/** A recurrent layer of an encoder or decoder, together with its input table: it runs T steps of B rows of ids. */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';
import type { CellChunk, CellLayer } from '../cells/cell.js';
import { cellOf } from '../cells/cells.js';
import { FirstLayerInput } from '../input.js';
import type { ModelConfig } from '../model-config.js';
import type { ParameterTensors } from '../parameters.js';

export class PairLayer {
  private readonly input: FirstLayerInput;
  private readonly layer: CellLayer;
  private readonly recurrent: { readonly weight: string; readonly bias: string };
  private current: { readonly chunk: CellChunk; readonly ids: Indices } | undefined;

  /**
   * @param part `encoder` or `decoder`: beginning of its parameters' names
   * @param direction end of its parameters' names: '' or '_reverse'
   * @param maxRows max T·B
   */
  constructor(
    private readonly backend: Backend,
    config: ModelConfig,
    private readonly weights: ParameterTensors,
    private readonly gradients: ParameterTensors | undefined,
    part: string,
    direction: string,
    maxRows: number,
    maxBatch: number,
  ) {
    const names = {
      embedding: `${part}.embedding.weight`,
      weight: `${part}.weight_ih_l0${direction}`,
      bias: `${part}.bias_ih_l0${direction}`,
    };
    this.input = new FirstLayerInput(backend, config, weights, gradients, maxRows, names);
    this.recurrent = {
      weight: `${part}.weight_hh_l0${direction}`,
      bias: `${part}.bias_hh_l0${direction}`,
    };
    this.layer = cellOf(config).createLayer(backend, config.hidden, maxRows, maxBatch, {
      weight: weights.get(this.recurrent.weight),
      bias: weights.get(this.recurrent.bias),
    });
  }

  /**
   * Runs the layer.
   * @param ids [T, B]
   * @param initial [B, H] each: the states before the first step; zeros if absent
   */
  forward(ids: Indices, T: number, B: number, initial?: readonly Tensor[]): CellChunk {
    const { backend } = this;
    const chunk = this.layer.at(T, B);
    chunk.initialState.forEach((state, k) => {
      if (initial) backend.copy(state, initial[k]);
      else backend.fill(state, 0);
    });
    chunk.forward(this.input.forward(ids, T, B));
    this.current = { chunk, ids };
    return chunk;
  }

  /**
   * Adds to the gradients of the layer's parameters and of its embedding.
   * @param dOutput [T, B, H] gradient w.r.t. the output
   * @param dState [B, H] each: before the call the gradients w.r.t. the states after the last step, after it those
   *   w.r.t. the states before the first step
   */
  backward(dOutput: Tensor, dState: readonly Tensor[]): void {
    const { gradients, current, recurrent } = this;
    if (gradients === undefined || current === undefined) throw new Error('nothing to go back to');
    const { chunk, ids } = current;
    chunk.backward(dOutput, dState);
    this.backend.linearBackwardWeight(
      gradients.get(recurrent.weight),
      gradients.get(recurrent.bias),
      chunk.products[0].gradient,
      chunk.products[0].argument,
    );
    this.input.backward(chunk.inputProjection, ids);
  }

  freeze(): void {
    this.backend.freeze(this.weights.get(this.recurrent.weight));
    this.input.freeze();
  }

  thaw(): void {
    this.backend.thaw(this.weights.get(this.recurrent.weight));
    this.input.thaw();
  }
}
