/**
 * The parameter table: every weight of a network by name and shape, in one order.
 *
 * Allocation, initialisation, optimiser, gradient exchange, files, `inspect` and the gradient tests all follow it.
 * Names, shapes and gate order are those of PyTorch's nn.Embedding, nn.RNN / nn.LSTM / nn.GRU and nn.Linear, so that
 * `load_state_dict` accepts a charnn model as it is; only `rnn.weight_norm_l*`, the gains of layer normalisation, have
 * no counterpart there. A cell given by equations has a tensor for each of its matrices and vectors, `rnn.NAME_l*`.
 */
import type { Backend, Tensor } from '../backend/backend.js';
import { requireCapable } from './capabilities.js';
import { cellOf } from './cells/cells.js';
import { labelWeight } from './labelled-input.js';
import { labelEmbeddings, labelValues, labelWidth } from './labels.js';
import type { ModelConfig } from './model-config.js';
import { pairParameters } from './pairs/pair-parameters.js';
import { Random } from './random.js';

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** The number of elements of the parameter */
  readonly size: number;
  /** The index of the parameter's first element in the flat list of all parameters */
  readonly start: number;
  /**
   * The number of matrices stacked in the parameter that an optimiser may update separately, such as those of a cell's
   * gates; 0 if there are none
   */
  readonly gates: number;
  /** The dimension of the parameter that is the size of the vocabulary, if any */
  readonly vocabularyAxis?: 0 | 1;
  /** Weight decay acts on matrices, not on biases and embeddings. */
  readonly decays: boolean;
  /** Gives the initial values, one after the other in row-major order */
  readonly initial: (random: Random, index: number) => number;
}

export interface ParameterTable {
  readonly parameters: readonly Parameter[];
  /** Number of elements in the flat list, including padding between parameters */
  readonly flatSize: number;
  /** Number of elements of all parameters, without padding */
  readonly count: number;
}

/** Parameters start at multiples of 16 elements, which are cache lines in float32. */
const alignment = 16;

/**
 * Lists the parameters of a network.
 *
 * Initial values: recurrent and input weights and the output layer are uniform in ±1/√fan-in with fan-in H (as in
 * PyTorch), embeddings are standard normal, and biases are zero except that of the LSTM's forget gate, whose input bias
 * is 1 (Gers et al. 2000, Jozefowicz et al. 2015). With layer normalisation the gains are 1, and the recurrent bias,
 * which is added after the normalisation, opens the forget gate instead.
 */
export function parameterTable(config: ModelConfig): ParameterTable {
  const known = tables.get(config);
  if (known !== undefined) return known;
  const table = newTable(config);
  tables.set(config, table);
  return table;
}

/** Parameter tables by configuration, cached because they are asked for in each call that uses a model. */
const tables = new WeakMap<ModelConfig, ParameterTable>();

function newTable(config: ModelConfig): ParameterTable {
  requireCapable(config);
  const { layers: L, hidden: H, embedding: D, vocabulary: V, layerNorm } = config;
  const cell = cellOf(config);
  const { gates } = cell;
  const gateRows = gates * H;
  const uniform = (random: Random) => (2 * random.uniform() - 1) / Math.sqrt(H);
  const zero = () => 0;
  const one = () => 1;

  const ofGate = (_: Random, index: number) => cell.initialBias(Math.floor(index / H));

  const parameters: Parameter[] = [];
  let start = 0;
  let count = 0;
  const add = (
    name: string,
    shape: number[],
    initial: Parameter['initial'],
    { decays = shape.length > 1, gates = 0, vocabularyAxis, follows = false }: Placement = {},
  ) => {
    // tensors that form one stack are adjacent, without padding
    if (!follows) start = Math.ceil(start / alignment) * alignment;
    const size = shape.reduce((a, b) => a * b, 1);
    const axis = vocabularyAxis === undefined ? {} : { vocabularyAxis };
    parameters.push({ name, shape, size, start, gates, decays, initial, ...axis });
    start += size;
    count += size;
  };
  const stack = (names: readonly string[], l: number, shape: number[], more: Placement) => {
    names.forEach((name, i) => {
      add(`rnn.${name}_l${l}`, shape, uniform, { ...more, gates: 1, follows: i > 0 });
    });
  };

  if (config.pairs) {
    pairParameters(config, { add, uniform, ofGate, zero, one });
    return { parameters, flatSize: start, count };
  }
  if (D > 0) {
    // the unknown symbol (last row) is never trained as an input: zero keeps it neutral
    const lastRow = (V - 1) * D;
    add('embedding.weight', [V, D], (r, i) => (i < lastRow ? r.normal() : 0), {
      decays: false,
      vocabularyAxis: 0,
    });
  }
  for (let l = 0; l < L; l++) {
    const inputSize = l > 0 ? H : D > 0 ? D : V;
    const ofInput: Placement = l === 0 && D === 0 ? { vocabularyAxis: 1 } : {};
    if (cell.learned) {
      const { inputs, units, vectors } = cell.learned;
      stack(inputs, l, [H, inputSize], ofInput);
      stack(units, l, [H, H], {});
      vectors.forEach(({ name, initial: [low, high] }, i) => {
        const between = (random: Random) => low + (high - low) * random.uniform();
        add(`rnn.${name}_l${l}`, [H], between, { follows: i > 0 });
      });
      continue;
    }
    add(`rnn.weight_ih_l${l}`, [gateRows, inputSize], uniform, { gates, ...ofInput });
    add(`rnn.weight_hh_l${l}`, [gateRows, H], uniform, { gates });
    add(`rnn.bias_ih_l${l}`, [gateRows], layerNorm ? zero : ofGate);
    add(`rnn.bias_hh_l${l}`, [gateRows], layerNorm ? ofGate : zero);
    if (layerNorm) add(`rnn.weight_norm_l${l}`, [gateRows], one);
  }
  add('output.weight', [V, H], uniform, { vocabularyAxis: 0 });
  add('output.bias', [V], zero, { vocabularyAxis: 0 });
  if (config.labels) {
    const E = labelWidth(config);
    add(labelEmbeddings, [labelValues(config), E], (r) => r.normal(), { decays: false });
    add(labelWeight, [gateRows, E], uniform, { gates });
  }
  return { parameters, flatSize: Math.ceil(start / alignment) * alignment, count };
}

interface Placement extends Partial<Pick<Parameter, 'decays' | 'gates' | 'vocabularyAxis'>> {
  /** Whether the parameter directly follows the preceding one in memory */
  readonly follows?: boolean;
}

/** Initial values of all parameters for a seed, in the flat order. */
export function initialValues(table: ParameterTable, seed: number): Float32Array {
  const values = new Float32Array(table.flatSize);
  for (const piece of initialPieces(table, seed)) values.set(piece.values, piece.start);
  return values;
}

/** A piece of the flat list of all parameters: some consecutive elements of it */
export interface ListPiece {
  /** Index in the flat list of the first element of the piece */
  readonly start: number;
  readonly values: Float32Array;
}

/**
 * The initial values one parameter after the other, each with the padding behind it, so that those of a large network
 * need not be in memory as a whole. A piece is valid until the next is asked for.
 */
export function* initialPieces(
  { parameters, flatSize }: ParameterTable,
  seed: number,
): Generator<ListPiece> {
  const end = (index: number) => parameters[index + 1]?.start ?? flatSize;
  const memory = new Float32Array(Math.max(...parameters.map(({ start }, i) => end(i) - start)));
  for (const [index, { start, size, initial }] of parameters.entries()) {
    // each parameter has a random stream of its own, so that a new one does not change the others
    const random = new Random(seed, index);
    const values = memory.subarray(0, end(index) - start);
    for (let i = 0; i < size; i++) values[i] = initial(random, i);
    values.fill(0, size);
    yield { start, values };
  }
}

/** The parameters in a flat list as tensors, by name. */
export class ParameterTensors {
  private readonly byName: ReadonlyMap<string, Tensor>;

  constructor(
    private readonly backend: Backend,
    private readonly table: ParameterTable,
    /** All parameters as one list of `flatSize` elements */
    readonly flat: Tensor,
  ) {
    this.byName = new Map(
      table.parameters.map((p) => [p.name, backend.view(flat, p.start, p.shape)]),
    );
  }

  get(name: string): Tensor {
    const tensor = this.byName.get(name);
    if (tensor === undefined) throw new Error(`no parameter ${name}`);
    return tensor;
  }

  /** Adjacent parameters of the same shape as one tensor, one below the other. */
  stack(names: readonly string[]): Tensor {
    const first = this.table.parameters.find(({ name }) => name === names[0]);
    if (first === undefined) throw new Error(`no parameter ${names[0]}`);
    const [rows, ...rest] = first.shape;
    return this.backend.view(this.flat, first.start, [names.length * rows, ...rest]);
  }
}
