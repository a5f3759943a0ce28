import type { OptionGroup } from '../option.js';
import { integer } from '../values.js';
import { defaults as d } from './defaults.js';
import { option } from './definitions.js';
import { backend, count, debug, json, shapeOptions, threads } from './shared.js';

export const benchOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      ...shapeOptions(d.bench),
      option('--batch-size <n>', 'streams read side by side', count, d.bench.batchSize),
      option('--seq-length <n>', 'steps of a chunk', count, d.bench.seqLength),
      threads,
      option(
        '--iterations <n>',
        'training iterations to time, at least',
        integer(1, 1_000_000),
        d.bench.iterations,
      ),
      backend,
      json,
      debug,
    ],
  },
];
