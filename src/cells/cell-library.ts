/** Finds the equations of a cell, either in the library that comes with charnn or in a file of the user's. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { CharnnError } from '../errors.js';
import { quote } from '../messages/quote.js';
import { nearest, suggestion } from '../options/suggest.js';
import { cellLimits } from './cell-limits.js';
import { compileCell } from './compile.js';

/** Cells whose equations are also in the library, although charnn computes them with kernels of their own */
export const fusedNames = ['rnn', 'lstm', 'gru'] as const;

/**
 * All other cells of the library, in the order of the list that users see: variants of the LSTM; variants of the GRU,
 * and the cell of a search by reinforcement learning; cells in which no matrix multiplies the state
 */
export const libraryNames = [
  ...(['peephole', 'cifg', 'mlstm', 'slstm'] as const),
  ...(['mgu', 'mut1', 'mut2', 'mut3', 'nas'] as const),
  ...(['indrnn', 'sru', 'mingru', 'minlstm'] as const),
] as const;

export type LibraryName = (typeof libraryNames)[number];

/** The extension of files of equations */
export const cellExtension = '.cell';

export function isLibraryName(name: string): name is LibraryName {
  return (libraryNames as readonly string[]).includes(name);
}

/** Reads the equations of a cell that comes with charnn. */
export function libraryText(name: LibraryName | (typeof fusedNames)[number]): string {
  return readFileSync(new URL(`library/${name}${cellExtension}`, import.meta.url), 'utf8');
}

/** A cell's name (that of the library, or made from the file's name) and its equations */
export interface FoundCell {
  readonly cell: string;
  readonly equations: string;
}

/**
 * Finds the equations of a cell and checks them.
 * @param given a name in the library, or a path that ends in .cell
 * @param taken names that a cell from a file may not have; if a file is named like one of them or like a
 * cell of the library, the extension becomes part of the cell's name
 * @throws CharnnError when there is no such file, and where its text does not define a cell
 */
export function findCell(given: string, taken: readonly string[]): FoundCell {
  if (isLibraryName(given)) return { cell: given, equations: libraryText(given) };
  const equations = readCellFile(given);
  const file = basename(given);
  const name = file.slice(0, -cellExtension.length);
  const isTaken = name === '' || isLibraryName(name) || taken.includes(name);
  const cell = Array.from(isTaken ? file : name, (c) => (isCellName(c) ? c : '_'))
    .join('')
    .slice(0, maxName);
  try {
    compileCell(equations);
  } catch (error) {
    if (!(error instanceof CharnnError)) throw error;
    throw new CharnnError(`${quote(given)}: ${error.message}`, 1, { cause: error });
  }
  return { cell, equations };
}

/** Max length of a cell's name, in characters */
const maxName = 64;

export function isCellName(name: string): boolean {
  return name.length <= maxName && /^[\p{L}\p{M}\p{N}_.+ -]+$/u.test(name);
}

function readCellFile(path: string): string {
  if (!path.endsWith(cellExtension)) {
    const hint = suggestion(nearest(path, [...fusedNames, ...libraryNames]));
    throw new CharnnError(
      `there is no cell ${quote(path)}: name one that charnn cells lists, or a file of equations, whose name ends in ${cellExtension}${hint}`,
    );
  }
  let size: number;
  try {
    const status = statSync(path);
    if (!status.isFile()) throw new CharnnError(`${quote(path)} is not a file of equations`);
    size = status.size;
  } catch (error) {
    if (error instanceof CharnnError) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CharnnError(
      isMissing
        ? `there is no file ${quote(path)}: give a file of equations, or one of ${libraryNames.join(', ')}`
        : `${quote(path)} cannot be read: ${(error as Error).message}`,
    );
  }
  // a character takes at most four bytes
  if (size > 4 * cellLimits.characters) {
    throw new CharnnError(
      `${quote(path)} has ${size} bytes: a cell may have at most ${cellLimits.characters} characters`,
    );
  }
  try {
    return decoded(readFileSync(path));
  } catch (error) {
    throw new CharnnError(`${quote(path)} cannot be read: ${(error as Error).message}`);
  }
}

/** Decodes UTF-8, or UTF-16 with a byte-order mark, in which some shells redirect output. */
function decoded(bytes: Buffer): string {
  const encodings = ['utf-16le', 'utf-16be'].filter(
    (_, i) => bytes[i] === 0xff && bytes[1 - i] === 0xfe,
  );
  return new TextDecoder(encodings[0]).decode(bytes);
}

/** The comment lines at the beginning of a text, which say what the cell is and where it was published */
export function headingOf(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('#')) break;
    lines.push(line.slice(1).trim());
  }
  return lines;
}
