/** What a network is, apart from its weights. */

export const cellNames = ['rnn', 'lstm', 'gru'] as const;
export type CellName = (typeof cellNames)[number];

export interface ModelConfig {
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
