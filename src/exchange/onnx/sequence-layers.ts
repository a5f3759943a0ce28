/**
 * A layer over a whole sequence, as one of ONNX's operators RNN, LSTM and GRU. The input is [T, B, ·], each state [1,
 * B, H]. The order of gates in these operators differs from that of charnn and PyTorch.
 */
import type { CellName } from '../../model/cells/cells.js';
import { type LayerPlace, type LayerResult, weightsOf } from './layer.js';
import type { Attributes } from './onnx-graph.js';

interface SequenceOperator {
  readonly name: string;
  /** For each gate in the order of ONNX's operator, its index among charnn's gates */
  readonly gates: readonly number[];
  readonly attributes: Attributes;
}

/** ONNX's operators for a whole sequence, by cell; layers of other cells are written as graphs of single steps */
const operators: Readonly<Record<string, SequenceOperator | undefined>> = {
  rnn: { name: 'RNN', gates: [0], attributes: {} },
  // the order of gates is input, output, forget, cell in ONNX; input, forget, cell, output in charnn
  lstm: { name: 'LSTM', gates: [0, 3, 1, 2], attributes: {} },
  // the order of gates is update, reset, new in ONNX; reset, update, new in charnn. With `linear_before_reset` the
  // reset gate acts after the matrix product, as in charnn.
  gru: { name: 'GRU', gates: [1, 0, 2], attributes: { linear_before_reset: 1 } },
};

/** Whether ONNX has an operator for the cell */
export function hasOperator(cell: string): boolean {
  return Object.hasOwn(operators, cell);
}

/** Writes a layer of a cell that ONNX has an operator for to the graph. */
export function sequenceLayer(cell: CellName, place: LayerPlace): LayerResult {
  const { graph, l, hidden, input, states } = place;
  const known = operators[cell];
  if (known === undefined) throw new Error(`ONNX has no operator for ${cell}`);
  const { name: operator, gates, attributes } = known;
  const weights = (what: string) => {
    const name = `rnn.${what}_l${l}`;
    const { shape, values } = weightsOf(place.weights, name);
    // in the weights of ONNX's operators, the first dimension is the number of directions
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
  // the operator's output has the shape [T, directions, B, H]; its only direction is removed
  return { output: graph.node('Squeeze', [output, graph.integers([1])]), states: after };
}

/** Reorders a list that consists of one block for each gate. */
function reordered(values: Float32Array, gates: readonly number[]): Float32Array {
  const size = values.length / gates.length;
  const result = new Float32Array(values.length);
  gates.forEach((from, to) => {
    result.set(values.subarray(from * size, (from + 1) * size), to * size);
  });
  return result;
}
