import type { OptionGroup } from '../option.js';
import { text } from '../values.js';
import { defaults as d } from './defaults.js';
import { option } from './definitions.js';
import { debug, quiet } from './shared.js';

export const reportOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [option('-o, --output <file>', 'the page', text, d.report.output), quiet, debug],
  },
];
