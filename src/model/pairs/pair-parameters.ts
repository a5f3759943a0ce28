/**
 * The parameters of a network of pairs. The encoder has the names, shapes and gate order of a bidirectional nn.LSTM,
 * nn.GRU or nn.RNN of PyTorch, and the decoder those of a plain one.
 */
import { cellOf } from '../cells/cells.js';
import type { ModelConfig } from '../model-config.js';
import type { Parameter } from '../parameters.js';

type Initial = Parameter['initial'];

/** The functions by which parameters are added to the parameter table, and common initial values */
export interface ParameterList {
  add(
    name: string,
    shape: number[],
    initial: Initial,
    more?: { readonly decays?: boolean; readonly gates?: number },
  ): void;
  readonly uniform: Initial;
  readonly ofGate: Initial;
  readonly zero: Initial;
}

/** Ends of the parameter names of the encoder's two directions */
export const directions = ['', '_reverse'] as const;

/** Weights that no layer has, and that something is multiplied with */
export const products = [
  ...['attention.weight', 'attention.weight_reverse', 'combine.weight', 'output.weight'],
] as const;

/** Adds all parameters, in their order. */
export function pairParameters(config: ModelConfig, list: ParameterList): void {
  const { hidden: H, embedding: D, vocabulary: V } = config;
  const { add, uniform, ofGate, zero } = list;
  const { gates, states } = cellOf(config);
  const lastRow = (V - 1) * D;
  const addEmbedding = (part: string) => {
    if (D === 0) return;
    // the unknown symbol (last row) is never trained on as an input: zero keeps it neutral
    const initial: Initial = (random, i) => (i < lastRow ? random.normal() : 0);
    add(`${part}.embedding.weight`, [V, D], initial, { decays: false });
  };
  const addLayer = (part: string, direction: string) => {
    add(`${part}.weight_ih_l0${direction}`, [gates * H, D > 0 ? D : V], uniform, { gates });
    add(`${part}.weight_hh_l0${direction}`, [gates * H, H], uniform, { gates });
    add(`${part}.bias_ih_l0${direction}`, [gates * H], ofGate);
    add(`${part}.bias_hh_l0${direction}`, [gates * H], zero);
  };
  addEmbedding('encoder');
  for (const direction of directions) addLayer('encoder', direction);
  addEmbedding('decoder');
  addLayer('decoder', '');
  for (const state of states) {
    for (const direction of directions) {
      add(`bridge.weight_${state}${direction}`, [H, H], uniform, { gates: 1 });
    }
    add(`bridge.bias_${state}`, [H], zero);
  }
  // rows of the keys first, then rows of the values
  for (const direction of directions) {
    add(`attention.weight${direction}`, [2 * H, H], uniform, { gates: 2 });
  }
  add('combine.weight', [H, H], uniform, { gates: 1 });
  add('combine.bias', [H], zero);
  add('output.weight', [V, H], uniform);
  add('output.bias', [V], zero);
}
