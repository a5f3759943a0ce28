/** All options of all commands. */
import { benchOptions } from './options/bench.js';
import { compressOptions, decompressOptions } from './options/compress.js';
import { evalOptions } from './options/eval.js';
import { gradientsOptions } from './options/gradients.js';
import { inspectOptions } from './options/inspect.js';
import { noveltyOptions } from './options/novelty.js';
import { reportOptions } from './options/report.js';
import { sampleOptions } from './options/sample.js';
import { scoreOptions } from './options/score.js';
import { trainOptions } from './options/train.js';
import { visualizeOptions } from './options/visualize.js';
import { whichOptions } from './options/which.js';

export const commandOptions = {
  train: trainOptions,
  sample: sampleOptions,
  eval: evalOptions,
  score: scoreOptions,
  which: whichOptions,
  novelty: noveltyOptions,
  compress: compressOptions,
  decompress: decompressOptions,
  inspect: inspectOptions,
  bench: benchOptions,
  gradients: gradientsOptions,
  visualize: visualizeOptions,
  report: reportOptions,
} as const;
