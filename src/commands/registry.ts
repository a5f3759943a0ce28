/** The commands, one line each, in the order in which help shows them. */
import { bench } from './bench.js';
import { cellsCommand } from './cells-command.js';
import { compress } from './compress.js';
import { decompress } from './decompress.js';
import { evaluate } from './eval.js';
import { gradients } from './gradients.js';
import { inspect } from './inspect.js';
import { novelty } from './novelty.js';
import { report } from './report.js';
import { sample } from './sample.js';
import { score } from './score.js';
import { train } from './train.js';
import { visualize } from './visualize.js';
import { which } from './which.js';

export const commands = [
  train,
  sample,
  evaluate,
  score,
  which,
  novelty,
  compress,
  decompress,
  inspect,
  bench,
  cellsCommand,
  gradients,
  visualize,
  report,
] as const;
