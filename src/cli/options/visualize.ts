import type { OptionGroup } from '../option.js';
import { text, unitList } from '../values.js';
import { defaults as d } from './defaults.js';
import { option } from './definitions.js';
import { backend, count, debug, json, modelFile, quiet, reading } from './shared.js';

export const visualizeOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      option('-o, --output <file>', 'the page', text, d.visualize.output),
      option('--units <list>', 'all, or such as 0:17,1:200 (layer:unit)', unitList, 'what fits'),
      option('--max-chars <n>', 'show at most n characters', count, d.visualize.maxChars),
      ...reading,
      backend,
      json,
      quiet,
      debug,
    ],
  },
];
