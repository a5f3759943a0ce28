import { cellNames } from '../../model/config.js';
import type { OptionGroup } from '../option.js';
import { choice, integer, listOf } from '../values.js';
import { defaults as d } from './defaults.js';
import { option } from './definitions.js';
import {
  backend,
  count,
  debug,
  json,
  modelFile,
  pageFile,
  quiet,
  reading,
  shapeOptions,
} from './shared.js';

export const gradientsOptions: readonly OptionGroup[] = [
  {
    title: 'Network:',
    options: [
      modelFile,
      {
        ...option(
          '--cell <names>',
          'fresh networks instead, side by side',
          listOf(choice(cellNames)),
        ),
        choices: cellNames,
      },
      ...shapeOptions(d.gradients).slice(1),
      option('--seed <n>', 'of the fresh weights', integer(0), d.seed),
    ],
  },
  {
    title: 'Measure:',
    options: [
      option('--lags <n>', 'steps back', integer(1, 100_000), d.gradients.lags),
      option('--positions <n>', 'places of the text to average over', count, d.gradients.positions),
      option('--seq-length <n>', 'steps of a chunk', count, "the training's"),
    ],
  },
  { title: 'Options:', options: [pageFile, ...reading, backend, json, quiet, debug] },
];
