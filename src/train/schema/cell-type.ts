/** What `--cell` takes: a name, or a file of equations. */
import { cellExtension, libraryNames } from '../../cells/cell-library.js';
import { cellNames } from '../../model/cells/cells.js';
import { choice, ValueError, type ValueType } from '../../options/types.js';

const names = choice([...cellNames, ...libraryNames]);
const isFile = (value: unknown): value is string =>
  typeof value === 'string' && value.length > cellExtension.length && value.endsWith(cellExtension);

export const cellType: ValueType<string> = {
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
  accepts: (value): value is string => isFile(value) || names.accepts(value),
};
