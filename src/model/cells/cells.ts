/** The cells that are written out, a name each, in the order in which help lists them; others are equations. */
import { findCell } from '../../cells/cell-library.js';
import type { Cell } from './cell.js';
import { equationCell } from './equations.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import { rnn } from './rnn.js';

const table = { rnn, lstm, gru };

export type CellName = keyof typeof table;
export const cells: Readonly<Record<CellName, Cell>> = table;
export const cellNames = Object.keys(table) as CellName[];

/** What says which cell a network has */
export interface CellChoice {
  /** Of a cell that is given as equations, any name that no other one has */
  readonly cell: string;
  /** Absent for the cells of the table */
  readonly equations?: string;
}

/**
 * The cell that a name stands for: one that is written out, one of the library's, or a file's.
 * @throws CharnnError when there is none, and where its equations are wrong
 */
export function chooseCell(name: string): CellChoice {
  return isWrittenOut(name) ? { cell: name } : findCell(name, cellNames);
}

/** The part of a configuration that says which cell it has */
export function cellChoice({ cell, equations }: CellChoice): CellChoice {
  return { cell, ...(equations !== undefined && { equations }) };
}

/**
 * A network's cell.
 * @throws CharnnError for equations that are none
 */
export function cellOf({ cell, equations }: CellChoice): Cell {
  if (equations !== undefined) return equationCell(equations);
  if (!isWrittenOut(cell)) throw new Error(`no cell ${cell}`);
  return table[cell];
}

export function isWrittenOut(name: string): name is CellName {
  return Object.hasOwn(table, name);
}
