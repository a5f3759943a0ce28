/** The linear maps by which the last states of an encoder give the initial states of a decoder, layer by layer. */
import { cellOf } from '../cells/cells.js';
import type { ModelConfig } from '../model-config.js';
import { directions } from './pair-parameters.js';

/** A linear map of the encoder's final states to one of the decoder's initial states */
export interface Bridge {
  readonly layer: number;
  /** Index of the state among those of a layer */
  readonly kind: number;
  /** Names of the parameters of the linear map: a weight for each direction of the encoder, and a bias */
  readonly weights: readonly string[];
  readonly bias: string;
}

/** The linear maps from an encoder to a decoder (bridges), in the order of the decoder's states */
export function bridgesOf(config: ModelConfig): Bridge[] {
  return Array.from({ length: config.layers }, (_, layer) =>
    cellOf(config).states.map((state, kind) => ({
      ...{ layer, kind },
      weights: directions.map((direction) => `bridge.weight_${state}_l${layer}${direction}`),
      bias: `bridge.bias_${state}_l${layer}`,
    })),
  ).flat();
}
