/** What a network is, apart from its weights. */

export const cellNames = ['rnn', 'lstm', 'gru'] as const;
export type CellName = (typeof cellNames)[number];

/** What a plain network has not: absent where it is off, so that a plain one is described as ever. */
export interface Variants {
  /** Layers above the first add their input to their output. */
  readonly residual?: boolean;
  /** Each gate's sums are normalised over the units; LSTM only. */
  readonly layerNorm?: boolean;
}

export function variants({ residual, layerNorm }: Variants): Variants {
  return { ...(residual && { residual }), ...(layerNorm && { layerNorm }) };
}

export interface ModelConfig extends Variants {
  readonly cell: CellName;
  /** L: recurrent layers, one on the other */
  readonly layers: number;
  /** H: units of each layer */
  readonly hidden: number;
  /** D: width of the character embedding; 0 feeds the characters one-hot */
  readonly embedding: number;
  /** V: characters, the unknown symbol included */
  readonly vocabulary: number;
}
