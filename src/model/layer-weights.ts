/** The weights of one layer, or the gradients w.r.t. them, as the network and its cells use them. */
import type { Backend, Tensor } from '../backend/backend.js';
import type { Cell, RecurrentWeights, UnitProduct } from './cells/cell.js';
import { cellOf } from './cells/cells.js';
import type { ModelConfig } from './model-config.js';
import type { ParameterTensors } from './parameters.js';

export interface LayerWeights {
  /** The input weight W_ih, which has G·H rows, and its bias b_ih, which some cells lack */
  readonly input: { readonly weight: Tensor; readonly bias: Tensor | undefined };
  /** The recurrent weight W_hh, which has H columns; absent if no matrix of the cell multiplies units */
  readonly recurrent: Tensor | undefined;
  /** The recurrent bias b_hh; absent from some cells */
  readonly bias: Tensor | undefined;
  /** Gains of layer normalisation */
  readonly gain: Tensor | undefined;
  /** [·, H]: learned vectors of a cell given by equations */
  readonly vectors: Tensor | undefined;
}

/** The weights of layer l. */
export function layerWeights(
  config: ModelConfig,
  tensors: ParameterTensors,
  l: number,
): LayerWeights {
  const { learned } = cellOf(config);
  const name = (what: string) => `rnn.${what}_l${l}`;
  if (learned === undefined) {
    return {
      input: { weight: tensors.get(name('weight_ih')), bias: tensors.get(name('bias_ih')) },
      recurrent: tensors.get(name('weight_hh')),
      bias: tensors.get(name('bias_hh')),
      gain: config.layerNorm ? tensors.get(name('weight_norm')) : undefined,
      vectors: undefined,
    };
  }
  const stack = (names: readonly string[]) =>
    names.length > 0 ? tensors.stack(names.map(name)) : undefined;
  return {
    input: { weight: tensors.stack(learned.inputs.map(name)), bias: undefined },
    recurrent: stack(learned.units),
    bias: undefined,
    gain: undefined,
    vectors: stack(learned.vectors.map((vector) => vector.name)),
  };
}

/** The weights that only some cells have, each with its gradient: gains of layer normalisation and learned vectors. */
export function ownWeights(
  { gain, vectors }: LayerWeights,
  gradients: LayerWeights | undefined,
): Pick<RecurrentWeights, 'norm' | 'vectors'> {
  const { gain: dGain, bias: dBias } = gradients ?? {};
  return {
    norm: gain && {
      gain,
      gradients: dGain && dBias && { gain: dGain, bias: dBias },
    },
    vectors: vectors && { values: vectors, gradients: gradients?.vectors },
  };
}

/**
 * Adds to the gradients of a layer's recurrent weight, one group of matrices after the other, and of its bias.
 * @param products the products of each group with vectors of units, as the layer's backward pass has left them
 */
export function addProductGradients(
  backend: Backend,
  { unitGroups }: Cell,
  products: readonly UnitProduct[],
  dWeight: Tensor,
  dBias: Tensor | undefined,
): void {
  let first = 0;
  unitGroups.forEach((count, g) => {
    const { gradient, argument } = products[g];
    const H = argument.shape[2];
    const rows = backend.view(dWeight, first * H * H, [count * H, H]);
    backend.linearBackwardWeight(rows, dBias, gradient, argument);
    first += count;
  });
}
