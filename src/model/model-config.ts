/** The configuration of a network: everything except its weights. */
import type { VectorShape } from '../text/conditions.js';
import type { CellChoice } from './cells/cells.js';

/** Optional architecture flags. They are omitted when off, so that the JSON of a plain model does not change. */
export interface ArchitectureFlags {
  /** Whether layers above the first add their input to their output. */
  readonly residual?: boolean;
  /**
   * Whether each gate's pre-activations are normalised across the units; capabilities.ts lists the cells that support
   * it.
   */
  readonly layerNorm?: boolean;
  /**
   * Whether the network reads a source and writes a target, with an encoder, a decoder and attention; see
   * pairs/pair-network.ts.
   */
  readonly pairs?: boolean;
}

/** Ways in which a decoder attends to the source; see pairs/pair-attention.ts. */
export const attentions = ['general', 'dot', 'none'] as const;

export interface Attending {
  /** How a decoder attends to the source; absent if the way is `general`, and from networks without pairs */
  readonly attention?: (typeof attentions)[number] | undefined;
}

export function architectureFlags(
  flags: ArchitectureFlags & Attending,
): ArchitectureFlags & Attending {
  const { residual, layerNorm, pairs, attention = 'general' } = flags;
  return {
    ...(residual && { residual }),
    ...(layerNorm && { layerNorm }),
    ...(pairs && { pairs }),
    ...(pairs && attention !== 'general' && { attention }),
  };
}

export interface ModelConfig extends ArchitectureFlags, Attending, CellChoice {
  /** L: number of recurrent layers, stacked */
  readonly layers: number;
  /** H: number of units of each layer */
  readonly hidden: number;
  /** D: size of the character embedding; 0 feeds characters one-hot */
  readonly embedding: number;
  /** V: size of the vocabulary, including the unknown symbol */
  readonly vocabulary: number;
  /** Number of values of each label, if texts have labels; see labels.ts. */
  readonly labels?: readonly number[];
  /** Present if sources have vectors; see pairs/vector-rows.ts. */
  readonly vectors?: VectorShape;
}

/** Number of layers whose state is carried from one training chunk to the next; none in a network for pairs. */
export function carriedLayers({ layers, pairs }: ModelConfig): number {
  return pairs ? 0 : layers;
}

/** Whether the output of layer l is added to its input. */
export function isResidual({ residual }: ModelConfig, l: number): boolean {
  return l > 0 && (residual ?? false);
}
