/** Reads the text that records continue: from an option, from a file, or from each line of a file. */

import type { Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { readEscapes } from '../../messages/escapes.js';
import { quoteText } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import { encodeBytes, withLineFeeds, withoutCr } from '../../text/encode.js';
import { type LineOptions, lineReading, linesOf } from '../../text/lines.js';
import type { ReadingOptions } from '../../text/reading-options.js';
import { findSources } from '../../text/sources.js';
import { textBytes } from '../../text/text-bytes.js';
import type { TextOptions } from '../../text/unit.js';
import type { CommandSampleOptions } from '../sampling/sample-options.js';

export interface Prompt {
  /** The bytes of the prompt as they were given, except that line ends are LF if the model knows no others */
  readonly bytes: Uint8Array;
  readonly ids: ArrayLike<number>;
}

/** Max bytes of a prompt, which is near the max length of a JavaScript string. */
const maxPromptBytes = 2 ** 28;

/** Reads the prompt that all records continue. */
export async function readCommonPrompt(
  { prompt, promptFile }: CommandSampleOptions,
  encode: (bytes: Uint8Array) => Prompt,
  { reading = lineReading, unit = 'char' }: LineOptions = {},
): Promise<Prompt> {
  if (promptFile === undefined) {
    return encode(Buffer.from(readEscapes(prompt ?? '', '--prompt'), 'utf8'));
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  const plain = unit === 'byte';
  for (const source of await findSources([promptFile], process.stdin, { reading, unit })) {
    for await (const piece of textBytes(source, {
      reading: { ...reading, plain },
      patient: true,
    })) {
      length += piece.length;
      if (length > maxPromptBytes) {
        throw new UsageError(
          `the prompt is longer than ${maxPromptBytes} bytes: give only its last part`,
        );
      }
      pieces.push(Uint8Array.from(piece));
    }
  }
  return encode(Buffer.concat(pieces));
}

/** Yields each line of a file as a prompt, as soon as it arrives. */
export async function* linePrompts(
  path: string,
  encode: (bytes: Uint8Array) => Prompt,
  text: TextOptions,
  reading: ReadingOptions,
): AsyncGenerator<Prompt, void, void> {
  const options = { reading, unit: text.unit };
  const sources = await findSources([path], process.stdin, options);
  for await (const line of linesOf(sources, options)) yield encode(withoutCr(line, text));
}

/** Makes a function that encodes prompts as ids, and warns once of characters that are unknown to the model. */
export function promptEncoder(model: Model, output: Output): (bytes: Uint8Array) => Prompt {
  const { vocabulary, text } = model;
  let warned = false;
  return (bytes) => {
    const { ids, unknown } = encodeBytes(bytes, vocabulary, text);
    if (unknown > 0 && !warned) {
      warned = true;
      const strange = new Set(
        Array.from(Buffer.from(bytes).toString('utf8')).filter(
          (character) => encodeBytes(Buffer.from(character), vocabulary, text).unknown > 0,
        ),
      );
      const list = [...strange].slice(0, 20).map((character) => quoteText(character));
      output.warn(
        `${unknown} character${unknown === 1 ? '' : 's'} of the prompt ${unknown === 1 ? 'is' : 'are'} unknown to the model and read as the unknown symbol: ${list.join(' ')}`,
      );
    }
    return { bytes: withLineFeeds(bytes, text), ids };
  };
}
