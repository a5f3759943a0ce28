import type { OptionGroup } from '../option.js';
import { integer, text } from '../values.js';
import { option, repeatable } from './definitions.js';
import { debug, json, quiet, reading } from './shared.js';

export const noveltyOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      repeatable('--corpus <file>', 'what may have been copied: a file or folder', text),
      option('--runs <n>', 'longest runs to show', integer(0), 10),
      ...reading,
      json,
      quiet,
      debug,
    ],
  },
];
