/**
 * The cells with kernels of their own, by name in the order in which help lists them. All other cells are given by
 * equations.
 */
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

/** The fields of a configuration that say which cell a network has */
export interface CellChoice {
  /** Name of the cell; for a cell given by equations, any name that is not in the table */
  readonly cell: string;
  /** The equations, as text; absent for cells in the table */
  readonly equations?: string;
}

/**
 * The cell that a user's choice stands for: a name in the table or in the library of equations, or the path of a file
 * with equations.
 * @throws CharnnError when there is no such cell, or its equations are wrong
 */
export function chooseCell(name: string): CellChoice {
  return isWrittenOut(name) ? { cell: name } : findCell(name, cellNames);
}

/** Copies from a configuration the fields that say which cell a network has. */
export function cellChoice({ cell, equations }: CellChoice): CellChoice {
  return { cell, ...(equations !== undefined && { equations }) };
}

/**
 * The cell of a network.
 * @throws CharnnError if its equations are wrong
 */
export function cellOf({ cell, equations }: CellChoice): Cell {
  if (equations !== undefined) return equationCell(equations);
  if (!isWrittenOut(cell)) throw new Error(`no cell ${cell}`);
  return table[cell];
}

export function isWrittenOut(name: string): name is CellName {
  return Object.hasOwn(table, name);
}
