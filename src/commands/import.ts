/** `charnn import`: makes a model of a file of safetensors. */
import { removeTemporaryFiles } from '../checkpoint/atomic.js';
import { lockModel } from '../checkpoint/lock.js';
import { writeModel } from '../checkpoint/model-file.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { importModel } from '../exchange/import-model.js';
import { guardOutput } from '../library/output-guard.js';
import { printable, quote } from '../messages/quote.js';
import { type OptionsOf, option } from '../options/table.js';
import { path } from '../options/types.js';

const table = {
  vocabulary: option(
    '<file>',
    path,
    'JSON array of the characters of a PyTorch model, in the order of their ids',
  ),
  output: option('<file>', path, 'where to write the model', {
    short: 'o',
    absent: "the file's name with the ending .json",
  }),
  force: rows.force,
  plainWeights: rows.plainWeights,
  quiet: rows.quiet,
  debug: rows.debug,
};
type Options = OptionsOf<typeof table>;

export const importCommand = defineCommand({
  name: 'import',
  arguments: '[file]',
  summary: 'make a model of a file of safetensors',
  description:
    'Make a model of a file of safetensors: of one that charnn export has written, or\nof the state dict of a PyTorch model of nn.LSTM, nn.GRU or nn.RNN with an\nembedding and nn.Linear, with --vocabulary.',
  examples: [
    ['charnn import model.safetensors', 'model.json'],
    ['charnn import net.safetensors --vocabulary chars.json', 'a model from PyTorch'],
  ],
  synonyms: ['load'],
  options: table,
  standardOutput: 'result',
  run: importFile,
});

async function importFile([file]: readonly string[], options: Options): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  if (file === undefined) throw new UsageError('no file given: name a file of safetensors');
  const to = options.output ?? file.replace(/(\.safetensors)?$/i, '.json');
  await guardOutput({
    ...{ path: to, kind: 'model', inputs: [file, options.vocabulary] },
    ...{ mayReplace: options.force ?? false, mayResume: false },
  });
  const lock = await lockModel(to);
  const release = () => lock.release();
  // the lock must not remain when the process ends at once, at a second Ctrl-C
  process.once('exit', release);
  try {
    await removeTemporaryFiles(to);
    const { model, isOwn } = await importModel(file, options.vocabulary);
    await writeModel(to, model, { plainWeights: options.plainWeights ?? false });
    const { cell, layers, hidden } = model.config;
    const characters = grouped(model.vocabulary.symbols.length);
    output.note(
      `the model is in ${quote(to)}: ${layers} × ${printable(cell)} of ${hidden}, ${characters} characters`,
    );
    if (cell === 'rnn' && !isOwn) {
      output.note('its nn.RNN is taken as one with tanh: a state dict does not say which it was');
    }
  } finally {
    process.removeListener('exit', release);
    release();
  }
}
