import type { OptionGroup } from '../option.js';
import { text } from '../values.js';
import { flag, option } from './definitions.js';
import { backend, debug, quiet, threads } from './shared.js';

export const compressOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      option('-m, --model <file>', 'a model to begin with', text, 'a fresh one of bytes'),
      flag('--no-learn', 'leave the model as it is: faster'),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];

export const decompressOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      option('-m, --model <file>', 'the model that compress was given', text),
      quiet,
      debug,
    ],
  },
];
