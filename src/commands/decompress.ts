/** `charnn decompress`: restores a file that `charnn compress` has compressed, byte for byte. */

import { defineCommand } from '../cli/command.js';
import * as rows from '../cli/rows.js';
import { decompress as decompressBytes } from '../compress/codec.js';
import { labelChoiceRow } from '../library/label-choice.js';
import { requireMemory } from '../machine/memory.js';
import { option } from '../options/table.js';
import { modelFile } from '../options/types.js';
import { readChosenModel } from './input/chosen-model.js';
import { readInput, withProgress } from './input/whole-input.js';
import { write } from './output/write.js';

export const decompress = defineCommand({
  name: 'decompress',
  arguments: '[file]',
  summary: 'restore the input of compress',
  description:
    'Restore a compressed file, byte for byte. The back end that compress used must\nbe able to run here (it is chosen automatically), and a model that was given to\ncompress must be given again.',
  examples: [['charnn decompress book.cz > book.txt', 'the original bytes']],
  synonyms: ['unpack', 'unzip', 'decode', 'uncompress'],
  options: {
    model: option('<file>', modelFile, 'the model that compress was given', { short: 'm' }),
    label: labelChoiceRow,
    quiet: rows.quiet,
    debug: rows.debug,
  },
  standardOutput: 'result',
  async run([file], options) {
    const model =
      options.model === undefined ? undefined : await readChosenModel(options.model, options.label);
    const { content, name } = await readInput(file, (bytes) =>
      requireMemory(2 * bytes, 'a compressed file of this size'),
    );
    const restored = await withProgress(options.quiet ?? false, (onProgress) =>
      decompressBytes(content, name, model, onProgress),
    );
    await write(restored);
  },
});
