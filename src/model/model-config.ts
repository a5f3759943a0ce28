/** What a network is, apart from its weights. */
import type { CellChoice } from './cells/cells.js';

/** Optional architecture flags. They are omitted when off, so that a plain model's JSON does not change. */
export interface ArchitectureFlags {
  /** Layers above the first add their input to their output. */
  readonly residual?: boolean;
  /** Each gate's sums are normalised over the units; see capabilities.ts for the cells that can do it. */
  readonly layerNorm?: boolean;
}

export function architectureFlags({ residual, layerNorm }: ArchitectureFlags): ArchitectureFlags {
  return { ...(residual && { residual }), ...(layerNorm && { layerNorm }) };
}

export interface ModelConfig extends ArchitectureFlags, CellChoice {
  /** L: recurrent layers, one on the other */
  readonly layers: number;
  /** H: units of each layer */
  readonly hidden: number;
  /** D: width of the character embedding; 0 feeds the characters one-hot */
  readonly embedding: number;
  /** V: characters, the unknown symbol included */
  readonly vocabulary: number;
}
