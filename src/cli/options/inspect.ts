import type { OptionGroup } from '../option.js';
import { debug, json } from './shared.js';

export const inspectOptions: readonly OptionGroup[] = [
  { title: 'Options:', options: [json, debug] },
];
