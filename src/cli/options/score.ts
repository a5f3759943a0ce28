import type { OptionGroup } from '../option.js';
import { notNegative } from '../values.js';
import { flag, option } from './definitions.js';
import {
  backend,
  debug,
  encoding,
  invalidOption,
  lastModel,
  modelFile,
  quiet,
  table,
  threads,
} from './shared.js';

export const scoreOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      lastModel,
      flag('--total', 'one number instead: all of it as one text, as eval reads it'),
      flag('--dynamic', 'adapt to the lines while reading them, in order (slower, one thread)'),
      flag('--per-char', 'lines of JSON with what each character costs'),
      option('--threshold <x>', 'only lines of at least so many bits per character', notNegative),
      encoding,
      invalidOption('replace'),
      ...table,
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];
