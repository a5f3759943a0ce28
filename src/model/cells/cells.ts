/** The cells, a name each, in the order in which help lists them. */
import type { Cell } from './cell.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import { rnn } from './rnn.js';

const table = { rnn, lstm, gru };

export type CellName = keyof typeof table;
export const cells: Readonly<Record<CellName, Cell>> = table;
export const cellNames = Object.keys(table) as CellName[];
