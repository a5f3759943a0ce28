/** `charnn compress`: compresses a file with the predictions of a model that learns from it. */

import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { compress as compressBytes, requireCompressible } from '../compress/codec.js';
import { UsageError } from '../errors.js';
import { withExactDevice } from '../library/coding.js';
import { labelChoiceRow } from '../library/label-choice.js';
import { coresInStep } from '../machine/cores.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { modelFile } from '../options/types.js';
import { readChosenModel } from './input/chosen-model.js';
import { readInput, withProgress } from './input/whole-input.js';
import { write } from './output/write.js';

const table = {
  model: option('<file>', modelFile, 'a model to start from', {
    short: 'm',
    absent: 'a new model of bytes',
  }),
  label: labelChoiceRow,
  learn: flag('keep the model as it is: faster, but larger output', {
    flag: 'no-learn',
    default: true,
  }),
  threads: rows.threads,
  backend: rows.backend,
  precision: rows.precision,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const compress = defineCommand({
  name: 'compress',
  arguments: '[file]',
  summary: 'compress a file with a model that learns from it',
  description:
    'Compress a file or standard input, and write the result to standard output. It is\ncoded arithmetically with the predictions of a model that learns as it goes.',
  examples: [
    ['charnn compress book.txt > book.cz', 'with a new model'],
    ['charnn compress -m charnn.json < new.txt > new.cz', 'with a trained model'],
  ],
  synonyms: ['pack', 'zip', 'encode'],
  options: table,
  standardOutput: 'result',
  run: compressFile,
});

async function compressFile(
  [file]: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  if (options.model === undefined && options.learn === false) {
    throw new UsageError('--no-learn needs a trained model: give --model');
  }
  if (process.stdout.isTTY) {
    throw new UsageError(
      'compressed data cannot be written to a terminal: redirect standard output',
    );
  }
  const model =
    options.model === undefined ? undefined : await readChosenModel(options.model, options.label);
  const { content } = await readInput(file, requireCompressible);
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);
  const coded = { bytes: content.length, withModel: model !== undefined };
  const packed = await withExactDevice(device, coded, (exact) =>
    withProgress(options.quiet ?? false, (onProgress) =>
      compressBytes(content, {
        model,
        learn: options.learn ?? true,
        threads: options.threads ?? coresInStep(),
        device: exact,
        onProgress,
      }),
    ),
  );
  // the summary is for a terminal: in a script nobody reads it, and a line on standard error looks like a fault
  if (content.length > 0 && process.stderr.isTTY) {
    const bits = (8 * packed.length) / content.length;
    output.note(`${content.length} bytes to ${packed.length}: ${bits.toFixed(3)} bits per byte`);
  }
  await write(packed);
}
