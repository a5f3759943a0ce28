/** Options that several commands have. */
import { backendNames } from '../../backend/device.js';
import { limits } from '../../checkpoint/json.js';
import { cellNames } from '../../model/config.js';
import { integer, text } from '../values.js';
import { defaults } from './defaults.js';
import { flag, oneOf, option } from './definitions.js';

export const count = integer(1);

export const backend = oneOf('--backend <name>', 'what computes', backendNames, 'auto');
export const quiet = flag('-q, --quiet', 'say nothing but warnings and errors');
export const threads = option('--threads <n>', 'worker threads', integer(1, 1024), 'usable cores');
export const debug = flag('--debug', 'show the stack of an error');
export const json = flag('--json', 'machine-readable output');
export const modelFile = option('-m, --model <file>', 'the model', text, defaults.output);

export const pageFile = option('-o, --output <file>', 'write a page, self-contained HTML', text);

/** Cell and sizes; `absent`: what holds for a size that is not given. */
export function shapeOptions(
  absent: Readonly<Record<'layers' | 'hidden' | 'embedding', string | number>>,
) {
  return [
    oneOf('--cell <name>', 'recurrent cell', cellNames, defaults.cell),
    option('--layers <n>', 'recurrent layers', integer(1, limits.layers), absent.layers),
    option('--hidden <n>', 'units of each layer', integer(1, limits.width), absent.hidden),
    option(
      '--embedding <n>',
      'width of the character embedding, 0: one-hot',
      integer(0, limits.width),
      absent.embedding,
    ),
    flag('--residual', 'layers above the first add their input to their output'),
    flag('--layer-norm', "normalise each gate's sums over the units; LSTM only"),
  ];
}
