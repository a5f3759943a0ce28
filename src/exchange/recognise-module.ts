/**
 * Recognises a PyTorch language model by the tensors in its state dict: nn.Embedding, or one-hot characters; nn.RNN,
 * nn.LSTM or nn.GRU; nn.Linear. Names may have any prefix, because the shapes show which module is which.
 */
import { CharnnError } from '../errors.js';
import { quoteText } from '../messages/quote.js';
import type { CellName } from '../model/cells/cells.js';
import type { StoredTensor } from './safetensors-file.js';
import { requireShape } from './stored-values.js';

export interface RecognisedModule {
  readonly cell: CellName;
  readonly layers: number;
  /** H: number of units */
  readonly hidden: number;
  /** D: size of the embedding; 0 for one-hot characters */
  readonly embedding: number;
  /** Number of characters, which is the number of rows of the output layer */
  readonly characters: number;
  /** The tensor for each of charnn's parameters, by name; absent biases are zeros. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The cell of a PyTorch module, which is recognised by its number of gates. */
const cellOfGates: ReadonlyMap<number, CellName> = new Map([
  [1, 'rnn'],
  [3, 'gru'],
  [4, 'lstm'],
]);

const recurrentName = /^(.*?)((?:weight|bias)_[a-z]{2})_l(0|[1-9]\d{0,3})(_reverse)?$/;
const recurrentKinds = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'];

/**
 * @param shown the file as messages show it
 * @throws CharnnError that says what the file lacks of a PyTorch language model, or what it has that is not supported
 */
export function recogniseModule(tensors: readonly StoredTensor[], shown: string): RecognisedModule {
  const recurrent = new Map<string, StoredTensor>();
  const others: StoredTensor[] = [];
  let prefix: string | undefined;
  for (const tensor of tensors) {
    const [, before, kind, layer, reverse] = recurrentName.exec(tensor.name) ?? [];
    if (kind === undefined) {
      others.push(tensor);
      continue;
    }
    if (reverse !== undefined) refuse(tensor, 'belongs to a module that reads in both directions');
    if (!recurrentKinds.includes(kind)) refuse(tensor, 'belongs to a projection of the state');
    prefix ??= before;
    if (before !== prefix) refuse(tensor, 'belongs to a second recurrent module');
    recurrent.set(`rnn.${kind}_l${Number(layer)}`, tensor);
  }
  const sizes = sizesOf(recurrent, shown);
  const { hidden: H, inputs } = sizes;
  const { embedding, output, outputBias } = aroundRecurrent(others, H, inputs, shown);
  // the output layer may share the embedding's weights
  const weight = output ?? (embedding as StoredTensor);
  const [characters] = weight.shape;
  const before = embedding ?? (inputs === characters ? undefined : weight);
  expectShape(weight, [characters, H]);
  if (before) expectShape(before, [characters, inputs]);
  if (outputBias) expectShape(outputBias, [characters]);
  return {
    ...{ cell: sizes.cell, layers: sizes.layers, hidden: H, characters },
    embedding: before ? inputs : 0,
    tensors: new Map([
      ...recurrent,
      ...(before ? [['embedding.weight', before] as const] : []),
      ['output.weight', weight],
      ...(outputBias ? [['output.bias', outputBias] as const] : []),
    ]),
  };
}

/** Finds cell and sizes of the recurrent module, and checks the shapes of its tensors. */
function sizesOf(tensors: ReadonlyMap<string, StoredTensor>, shown: string) {
  const recurrent = tensors.get('rnn.weight_hh_l0');
  const input = tensors.get('rnn.weight_ih_l0');
  if (recurrent === undefined || input === undefined) {
    throw new CharnnError(
      `${shown} has no tensors weight_ih_l0 and weight_hh_l0: charnn accepts state dicts of nn.LSTM, nn.GRU or nn.RNN with nn.Linear`,
    );
  }
  const [rows, hidden] = recurrent.shape;
  const cell = cellOfGates.get(rows / hidden);
  if (recurrent.shape.length !== 2 || cell === undefined) {
    refuse(
      recurrent,
      'has a shape that is not that of nn.RNN (H, H), nn.GRU (3H, H) or nn.LSTM (4H, H)',
    );
  }
  const [, inputs = 0] = input.shape;
  if (inputs === 0) refuse(input, 'has no columns for the input');
  const layers = [...tensors.keys()].filter((name) => name.startsWith('rnn.weight_hh_l')).length;
  for (const [name, tensor] of tensors) {
    const layer = Number(/\d+$/.exec(name)?.[0]);
    if (layer >= layers) {
      throw new CharnnError(`${shown} has ${weightsOf(layers)}, but a tensor of layer ${layer}`);
    }
    if (name.includes('bias')) expectShape(tensor, [rows]);
    else if (name.includes('weight_hh') || layer > 0) expectShape(tensor, [rows, hidden]);
    else expectShape(tensor, [rows, inputs]);
  }
  for (let layer = 0; layer < layers; layer++) {
    if (tensors.has(`rnn.weight_ih_l${layer}`)) continue;
    throw new CharnnError(`${shown} has no tensor weight_ih_l${layer}`);
  }
  return { cell, layers, hidden, inputs };
}

function weightsOf(layers: number): string {
  return layers === 1 ? 'weights of one layer' : `weights of ${layers} layers`;
}

/** Finds the embedding and the output layer among the tensors that do not belong to the recurrent module. */
function aroundRecurrent(
  others: readonly StoredTensor[],
  hidden: number,
  inputs: number,
  shown: string,
) {
  const matrices = others.filter(
    ({ name, shape }) => /(^|\.)weight$/.test(name) && shape.length === 2,
  );
  const biases = others.filter(({ name, shape }) => /(^|\.)bias$/.test(name) && shape.length === 1);
  const strange = others.find((tensor) => ![...matrices, ...biases].includes(tensor));
  if (strange) refuse(strange, 'belongs to no module that charnn supports');
  if (biases.length > 1) refuse(biases[1], 'is a second bias outside the recurrent module');
  if (matrices.length > 2) refuse(matrices[2], 'is a third matrix outside the recurrent module');
  if (matrices.length === 0) {
    throw new CharnnError(`${shown} has no weights of an output layer, such as those of nn.Linear`);
  }
  const outputBias: StoredTensor | undefined = biases[0];
  const stem = ({ name }: StoredTensor) => name.slice(0, name.lastIndexOf('.') + 1);
  const ofBias = matrices.find((matrix) => outputBias && stem(matrix) === stem(outputBias));
  if (matrices.length === 1) {
    // a single matrix may be both embedding and output layer, because files often omit the weight of a Linear that
    // shares that of the embedding
    const [matrix] = matrices;
    return ofBias || outputBias === undefined
      ? { embedding: undefined, output: matrix, outputBias }
      : { embedding: matrix, output: undefined, outputBias };
  }
  const fits = ({ shape }: StoredTensor, width: number) => shape[1] === width;
  const output =
    ofBias ??
    (inputs === hidden
      ? matrices.find(({ name }) => !/emb|encoder|wte/i.test(name))
      : matrices.find((matrix) => fits(matrix, hidden)));
  if (output === undefined) {
    refuse(matrices[1], `and ${quoteText(matrices[0].name, 60)} could both be the output layer`);
  }
  const embedding = matrices.find((matrix) => matrix !== output);
  return { embedding, output, outputBias };
}

function expectShape(tensor: StoredTensor, expected: readonly number[]): void {
  requireShape(tensor, expected, ', to fit the others');
}

function refuse(tensor: StoredTensor, why: string): never {
  throw new CharnnError(
    `${tensor.shown} ${why}: charnn accepts an embedding, nn.LSTM, nn.GRU or nn.RNN of one direction, and nn.Linear`,
  );
}
