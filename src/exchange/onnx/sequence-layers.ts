/**
 * A layer over a whole sequence, as one of ONNX's operators RNN, LSTM and GRU. The input is [T, B, ·], each state
 * [1, B, H]. The operators have the gates in another order than charnn and PyTorch.
 */
import type { CellName } from '../../model/cells/cells.js';
import { type LayerPlace, type LayerResult, weightsOf } from './layer.js';
import type { Attributes } from './onnx-graph.js';

interface SequenceOperator {
  readonly name: string;
  /** For each gate of the operator its place among charnn's */
  readonly gates: readonly number[];
  readonly attributes: Attributes;
}

const operators: Readonly<Record<CellName, SequenceOperator>> = {
  rnn: { name: 'RNN', gates: [0], attributes: {} },
  // input, output, forget, cell; charnn: input, forget, cell, output
  lstm: { name: 'LSTM', gates: [0, 3, 1, 2], attributes: {} },
  // update, reset, new; charnn: reset, update, new. The reset gate acts after the product.
  gru: { name: 'GRU', gates: [1, 0, 2], attributes: { linear_before_reset: 1 } },
};

/** Writes a layer of a cell. */
export function sequenceLayer(cell: CellName, place: LayerPlace): LayerResult {
  const { graph, l, hidden, input, states } = place;
  const { name: operator, gates, attributes } = operators[cell];
  const weights = (what: string) => {
    const name = `rnn.${what}_l${l}`;
    const { shape, values } = weightsOf(place.weights, name);
    // one direction
    return graph.tensor(name, [1, ...shape], reordered(values, gates));
  };
  const biases = graph.node(
    'Concat',
    ['bias_ih', 'bias_hh'].map((what) => weights(what)),
    { axis: 1 },
  );
  const inputs = [input, weights('weight_ih'), weights('weight_hh'), biases, '', ...states];
  const [output, ...after] = graph.split(operator, inputs, 1 + states.length, {
    hidden_size: hidden,
    ...attributes,
  });
  // [T, directions, B, H]
  return { output: graph.node('Squeeze', [output, graph.integers([1])]), states: after };
}

/** Blocks of a list, one for each gate, in another order */
function reordered(values: Float32Array, gates: readonly number[]): Float32Array {
  const size = values.length / gates.length;
  const result = new Float32Array(values.length);
  gates.forEach((from, to) => {
    result.set(values.subarray(from * size, (from + 1) * size), to * size);
  });
  return result;
}
