/** Options about the length of a training run, its files, and the command itself. */
import { flag, option, topic } from '../../options/table.js';
import { count, duration, modelFile, positive } from '../../options/types.js';

/** The length of a training run, given by one of three options. A resumed training run may be given another length. */
export const lengthRows = topic('Length', {
  epochs: option('<x>', positive, 'passes over the training text', {
    absent: '10; more for a small text, fewer for a large one',
    conflicts: ['steps', 'time'],
    resume: true,
  }),
  steps: option('<n>', count, 'number of updates', { conflicts: ['time'], resume: true }),
  time: option('<time>', duration, 'train for this time: 90s, 3m, 1.5h or 1h30m', {
    resume: true,
  }),
});

export const fileRows = topic('Files', {
  output: option('<file>', modelFile, 'where to write the best model', {
    short: 'o',
    default: 'charnn.json',
    resume: true,
  }),
  force: flag('replace an existing model', { short: 'f' }),
  resume: flag('continue an interrupted training', { resume: true }),
  initFrom: option('<file>', modelFile, 'start from the weights of this model'),
  plainWeights: flag('write weights as numbers, not as base64', { resume: true }),
});

/** Options about what the command prints and where; they are not part of a training run */
export const outputRows = topic('Run', {
  dryRun: flag(
    'report what would be read, which settings would be chosen, and the time and memory needed, without training',
    { resume: true },
  ),
  samples: flag('print a line or two of what the model writes at each validation (the default)', {
    negation: 'do not print what the model writes at each validation',
    resume: true,
  }),
  json: flag('write events as lines of JSON to standard output', { resume: true }),
  quiet: flag('print no progress and no notes, only results, warnings and errors', {
    short: 'q',
    resume: true,
  }),
  debug: flag('print the stack trace of an error', { resume: true }),
});
