/**
 * One time step of a layer in basic ONNX operators, for the cells that have kernels of their own; `model/cells/` has
 * the formulas. The input is [B, ·], each state [B, H].
 */
import { CharnnError } from '../../errors.js';
import type { CellName } from '../../model/cells/cells.js';
import { addWeights, type LayerPlace, type LayerResult } from './layer.js';

/** The constant that layer normalisation adds to the variance, which is the same in every back end */
export const normEpsilon = { float: 1e-5 };

/** Writes one time step of a layer to the ONNX graph. */
export function stepLayer(cell: CellName, layerNorm: boolean, place: LayerPlace): LayerResult {
  if (cell === 'gru') return gruStep(place);
  if (cell === 'rnn') return rnnStep(place);
  if (cell !== 'lstm') throw new CharnnError(`no graph can be made of the cell ${cell}`);
  return lstmStep(place, layerNorm ? normalisedGates(place) : plainGates(place));
}

const weightName = ({ l }: LayerPlace, what: string) => `rnn.${what}_l${l}`;

function add(place: LayerPlace, what: string): string {
  return addWeights(place.graph, place.weights, weightName(place, what));
}

/** Writes x Wᵀ + b to the graph, or x Wᵀ without a bias. */
function product(place: LayerPlace, x: string, matrix: string, bias?: string): string {
  const inputs = [x, add(place, matrix), ...(bias === undefined ? [] : [add(place, bias)])];
  return place.graph.node('Gemm', inputs, { transB: 1 });
}

function rnnStep(place: LayerPlace): LayerResult {
  const { graph, input, states } = place;
  const sum = graph.node('Add', [
    product(place, input, 'weight_ih', 'bias_ih'),
    product(place, states[0], 'weight_hh', 'bias_hh'),
  ]);
  const h = graph.node('Tanh', [sum]);
  return { output: h, states: [h] };
}

function plainGates(place: LayerPlace): string[] {
  const { graph, input, states } = place;
  const sum = graph.node('Add', [
    product(place, input, 'weight_ih', 'bias_ih'),
    product(place, states[0], 'weight_hh', 'bias_hh'),
  ]);
  return graph.split('Split', [sum], 4, { axis: 1 });
}

/** Each gate's pre-activations, normalised across the units, with the recurrent bias added afterwards */
function normalisedGates(place: LayerPlace): string[] {
  const { graph, input, states } = place;
  const sum = graph.node('Add', [
    product(place, input, 'weight_ih', 'bias_ih'),
    product(place, states[0], 'weight_hh'),
  ]);
  const [gains, biases] = ['weight_norm', 'bias_hh'].map((what) =>
    graph.split('Split', [add(place, what)], 4, { axis: 0 }),
  );
  return graph
    .split('Split', [sum], 4, { axis: 1 })
    .map((gate, k) =>
      graph.node('LayerNormalization', [gate, gains[k], biases[k]], { epsilon: normEpsilon }),
    );
}

/** @param gates pre-activations of the input, forget, cell and output gate, [B, H] each */
function lstmStep({ graph, states }: LayerPlace, gates: readonly string[]): LayerResult {
  const [i, f, o] = [0, 1, 3].map((k) => graph.node('Sigmoid', [gates[k]]));
  const g = graph.node('Tanh', [gates[2]]);
  const kept = graph.node('Mul', [f, states[1]]);
  const c = graph.node('Add', [kept, graph.node('Mul', [i, g])]);
  const h = graph.node('Mul', [o, graph.node('Tanh', [c])]);
  return { output: h, states: [h, c] };
}

function gruStep(place: LayerPlace): LayerResult {
  const { graph, input, states } = place;
  const [before] = states;
  const split = (sums: string) => graph.split('Split', [sums], 3, { axis: 1 });
  const a = split(product(place, input, 'weight_ih', 'bias_ih'));
  const u = split(product(place, before, 'weight_hh', 'bias_hh'));
  const [r, z] = [0, 1].map((k) => graph.node('Sigmoid', [graph.node('Add', [a[k], u[k]])]));
  const reset = graph.node('Mul', [r, u[2]]);
  const n = graph.node('Tanh', [graph.node('Add', [a[2], reset])]);
  // the new state is (1 - z) n + z h = n + z (h - n)
  const change = graph.node('Mul', [z, graph.node('Sub', [before, n])]);
  const h = graph.node('Add', [n, change]);
  return { output: h, states: [h] };
}
