/** `charnn import`: makes a model from a safetensors file. */
import { removeTemporaryFiles } from '../checkpoint/atomic.js';
import { lockModel } from '../checkpoint/lock.js';
import { modelJson, writeModel } from '../checkpoint/model-file.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { Interruption } from '../cli/signals.js';
import { UsageError } from '../errors.js';
import { type Imported, importModel } from '../exchange/import-model.js';
import { printable, quote } from '../messages/quote.js';
import { type OptionsOf, option } from '../options/table.js';
import { path } from '../options/types.js';
import { checkResultPath, writeResult } from './output/result-file.js';

const table = {
  vocabulary: option(
    '<file>',
    path,
    'JSON array of the characters of a PyTorch model, in the order of their ids',
  ),
  output: option('<file>', path, 'where to write the model; - for standard output', {
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
  summary: 'make a model from a safetensors file',
  description:
    'Make a model from a safetensors file: one that charnn export has written or, with\n--vocabulary, the state dict of a PyTorch model that consists of an embedding,\nnn.LSTM, nn.GRU or nn.RNN, and nn.Linear.',
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
  if (file === undefined) throw new UsageError('no file given: name a safetensors file');
  const to = options.output ?? file.replace(/(\.safetensors)?$/i, '.json');
  const isFile = await checkResultPath(
    {
      ...{ path: to, kind: 'model', inputs: [file, options.vocabulary] },
      ...{ mayReplace: options.force ?? false, mayResume: false },
    },
    'a model',
  );
  if (!isFile) {
    const imported = await importModel(file, options.vocabulary);
    await writeResult(to, modelJson(imported.model, weightsIn(options)), 'the model', output);
    return noteAssumption(imported, output);
  }
  // if a signal comes, the process exits normally, so that neither the lock nor a part of the model remains
  const interruption = new Interruption();
  const lock = await lockModel(to);
  const release = () => lock.release();
  process.once('exit', release);
  try {
    await removeTemporaryFiles(to);
    const imported = await importModel(file, options.vocabulary);
    const { model } = imported;
    await writeModel(to, model, weightsIn(options));
    const { cell, layers, hidden } = model.config;
    const characters = grouped(model.vocabulary.symbols.length);
    output.note(
      `the model is in ${quote(to)}: ${layers} × ${printable(cell)} of ${hidden}, ${characters} characters`,
    );
    noteAssumption(imported, output);
  } finally {
    interruption.stopListening();
    process.removeListener('exit', release);
    release();
  }
}

const weightsIn = ({ plainWeights = false }: Options) => ({ plainWeights });

function noteAssumption({ model, isOwn }: Imported, output: Output): void {
  if (model.config.cell !== 'rnn' || isOwn) return;
  output.note(
    'its nn.RNN is assumed to use tanh, because a state dict does not say which function it used',
  );
}
