import type { OptionGroup } from '../option.js';
import { flag } from './definitions.js';
import { backend, debug, json, modelFile, quiet, reading, table } from './shared.js';

export const evalOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      flag('--dynamic', 'adapt to the text while reading it (slower)'),
      ...reading,
      ...table,
      backend,
      json,
      quiet,
      debug,
    ],
  },
];
