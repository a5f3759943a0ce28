import type { OptionGroup } from '../option.js';
import { flag } from './definitions.js';
import { backend, debug, json, lastModel, modelFile, quiet, reading, table } from './shared.js';

export const evalOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      lastModel,
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
