/** The type of `--cell`: a name, or a file of equations. */
import { cellExtension, type LibraryName, libraryNames } from '../../cells/cell-library.js';
import { type CellName, cellNames } from '../../model/cells/cells.js';
import { choice, ValueError, type ValueType } from '../../options/types.js';

/** The name of a cell, or the path of a file of equations */
export type CellOption = CellName | LibraryName | `${string}${typeof cellExtension}`;

const names = choice<CellName | LibraryName>([...cellNames, ...libraryNames]);
const isFile = (value: unknown): value is `${string}${typeof cellExtension}` =>
  typeof value === 'string' && value.length > cellExtension.length && value.endsWith(cellExtension);

export const cellType: ValueType<CellOption> = {
  usual: [...cellNames, ...libraryNames],
  expected: `${names.expected}, or a file of equations that ends in ${cellExtension}`,
  parse(given) {
    if (isFile(given)) return given;
    try {
      return names.parse(given);
    } catch (error) {
      const { message } = error as Error;
      throw new ValueError(message.replace(names.expected, this.expected));
    }
  },
  accepts: (value): value is CellOption => isFile(value) || names.accepts(value),
};
