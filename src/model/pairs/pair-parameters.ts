/**
 * The parameters of a network for pairs. The encoder has the names, shapes and gate order of a bidirectional nn.LSTM,
 * nn.GRU or nn.RNN in PyTorch, and the decoder those of a plain one; `weight_norm_l*`, the gains of layer
 * normalisation, have no counterpart there.
 */
import { cellOf } from '../cells/cells.js';
import { labelEmbeddings, labelValues, labelWidth } from '../labels.js';
import type { ModelConfig } from '../model-config.js';
import type { Parameter } from '../parameters.js';

type Initial = Parameter['initial'];

/** Functions that add parameters to the parameter table, and common initial values */
export interface ParameterList {
  add(
    name: string,
    shape: number[],
    initial: Initial,
    more?: Partial<Pick<Parameter, 'decays' | 'gates' | 'vocabularyAxis'>>,
  ): void;
  readonly uniform: Initial;
  readonly ofGate: Initial;
  readonly zero: Initial;
  readonly one: Initial;
}

/** Ends of the parameter names of the encoder's two directions */
export const directions = ['', '_reverse'] as const;

/**
 * Adds the parameters of a network for pairs to the parameter table, in the order in which memory and files hold them.
 */
export function pairParameters(config: ModelConfig, list: ParameterList): void {
  const { layers: L, hidden: H, embedding: D, vocabulary: V, layerNorm, attention } = config;
  const { add, uniform, ofGate, zero, one } = list;
  const { gates, states } = cellOf(config);
  const lastRow = (V - 1) * D;
  const addEmbedding = (part: string) => {
    if (D === 0) return;
    // the unknown symbol (last row) is never trained as an input: zero keeps it neutral
    const initial: Initial = (random, i) => (i < lastRow ? random.normal() : 0);
    add(`${part}.embedding.weight`, [V, D], initial, { decays: false, vocabularyAxis: 0 });
  };
  const addLayer = (part: string, end: string, inputs: number) => {
    const axis = inputs === V && D === 0 ? ({ vocabularyAxis: 1 } as const) : {};
    add(`${part}.weight_ih${end}`, [gates * H, inputs], uniform, { gates, ...axis });
    add(`${part}.weight_hh${end}`, [gates * H, H], uniform, { gates });
    // with layer normalisation, the bias that is added after the normalisation opens the forget gate
    add(`${part}.bias_ih${end}`, [gates * H], layerNorm ? zero : ofGate);
    add(`${part}.bias_hh${end}`, [gates * H], layerNorm ? ofGate : zero);
    if (layerNorm) add(`${part}.weight_norm${end}`, [gates * H], one);
  };
  const first = D > 0 ? D : V;
  const layers = Array.from({ length: L }, (_, l) => l);
  addEmbedding('encoder');
  for (const l of layers) {
    for (const direction of directions) {
      addLayer('encoder', `_l${l}${direction}`, l > 0 ? 2 * H : first);
    }
  }
  addEmbedding('decoder');
  for (const l of layers) addLayer('decoder', `_l${l}`, l > 0 ? H : first);
  for (const l of layers) {
    for (const state of states) {
      for (const direction of directions) {
        add(`bridge.weight_${state}_l${l}${direction}`, [H, H], uniform, { gates: 1 });
      }
      add(`bridge.bias_${state}_l${l}`, [H], zero);
    }
  }
  if (attention !== 'none') {
    // first the rows that give the keys, which are absent for `dot`, where a key is the sum of both outputs of the
    // encoder; below them the rows that give the values
    const parts = attention === 'dot' ? 1 : 2;
    add('attention.weight', [parts * H, 2 * H], uniform, { gates: parts });
  }
  add('combine.weight', [H, H], uniform, { gates: 1 });
  add('combine.bias', [H], zero);
  add('output.weight', [V, H], uniform, { vocabularyAxis: 0 });
  add('output.bias', [V], zero, { vocabularyAxis: 0 });
  if (config.labels) {
    const E = labelWidth(config);
    add(labelEmbeddings, [labelValues(config), E], (random) => random.normal(), { decays: false });
    const readers = ['encoder.weight_label_l0', 'encoder.weight_label_l0_reverse'];
    for (const name of [...readers, 'decoder.weight_label_l0']) {
      add(name, [gates * H, E], uniform, { gates });
    }
  }
  if (config.vectors) {
    const { size: F } = config.vectors;
    // from standardised vectors this makes rows of variance 1, like the initial embeddings of characters
    add('vector.weight', [D, F], (random) => random.normal() / Math.sqrt(F));
    add('vector.bias', [D], zero);
  }
}
