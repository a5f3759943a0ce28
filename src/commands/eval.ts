/** `charnn eval`: how well a model predicts a text. */

import type { BackendName } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { createOutput, grouped } from '../cli/output.js';
import { evaluate } from '../evaluate/evaluate.js';
import { yardstick } from '../evaluate/yardstick.js';
import { loadCorpus } from '../text/corpus.js';
import { jsonText } from '../text/quote.js';
import { readChosenModel } from './chosen-model.js';
import { textArguments } from './text-arguments.js';
import { folderReporter, type RawReadingOptions, readingOf } from './text-reading.js';
import { unknownPrice } from './unknown-note.js';
import { yardstickLine } from './yardstick-line.js';

export interface RawEvalOptions extends RawReadingOptions {
  readonly model?: string;
  readonly last?: boolean;
  readonly backend?: BackendName;
  readonly dynamic?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function evaluateText(texts: readonly string[], raw: RawEvalOptions): Promise<void> {
  const output = createOutput(raw.quiet ?? false);
  const model = await readChosenModel(raw);
  const { text, vocabulary } = model;
  const corpus = await loadCorpus(textArguments(texts), {
    text,
    vocabulary,
    minCount: 1,
    reading: readingOf(raw, text.unit),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);
  const evaluation = await evaluate(model, device, corpus.ids, {
    dynamic: raw.dynamic ?? false,
  });
  const { characters, nats, bitsPerCharacter, perplexity } = evaluation;
  const { unknown } = corpus;
  const bitsEach = vocabulary.unknownCost / Math.LN2;
  const others = await yardstick(vocabulary, corpus.ids, undefined);
  if (raw.json) {
    const result = {
      loss: nats,
      bits_per_char: bitsPerCharacter,
      perplexity,
      characters,
      unknown,
      unknown_bits: bitsEach,
      ngram_bits_per_char: others.ngram,
      gzip_bits_per_char: others.gzip,
      xz_bits_per_char: others.xz,
    };
    process.stdout.write(`${jsonText(result)}\n`);
    return;
  }
  const lines = [
    `loss           ${nats.toFixed(4)} nats per character`,
    `bits per char  ${bitsPerCharacter.toFixed(4)}`,
    `perplexity     ${perplexity.toFixed(3)}`,
    `characters     ${grouped(characters)}`,
    `unknown        ${grouped(unknown)}${unknown > 0 ? `, ${unknownPrice(vocabulary)}` : ''}`,
    `for comparison ${yardstickLine(others)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
