import type { CellName } from '../model-config.js';
import type { Cell } from './cell.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import { rnn } from './rnn.js';

export const cells: Readonly<Record<CellName, Cell>> = { rnn, lstm, gru };
