/** Decodes the text of a source into symbols. */
import { optionName } from '../errors.js';
import { asCorpus, columnTexts } from './columns.js';
import type { ConditionReader } from './condition-reader.js';
import { TextDecoding } from './decode.js';
import { guessEncodings } from './guess.js';
import type { PairCoding } from './pair-coding.js';
import { pairLines } from './pair-lines.js';
import { defaultReading, InvalidTextError, type ReadingOptions } from './reading-options.js';
import { recognise } from './recognise.js';
import type { Source } from './sources.js';
import { textBytes } from './text-bytes.js';
import type { TextOptions } from './unit.js';

/**
 * Number of bytes that are decoded at a time: small enough that they and their symbols fit the processor's first-level
 * cache
 */
const pieceBytes = 1 << 14;

export interface TextReading {
  readonly text: TextOptions;
  /**
   * Encoding, treatment of invalid bytes, and format; by default UTF-8 or what a byte-order mark says, and invalid
   * bytes are errors
   */
  readonly reading?: ReadingOptions | undefined;
  /** The coding of pairs, where a file is one of pairs */
  readonly coding?: PairCoding | undefined;
  /** Receives labels and vectors of records */
  readonly beside?: ConditionReader | undefined;
  /** Called with each piece of the file, before any decoding */
  readonly onRaw?: ((piece: Uint8Array) => void) | undefined;
}

/**
 * Reads one file. With unit `byte` its bytes are the text, whatever kind of file it is.
 * @param take called with the symbols in order; it may overwrite them, and they are valid during the call
 * @throws CharnnError for a file that is not text, with the place of the first invalid byte
 */
export async function readText(
  source: Source,
  { text, reading = defaultReading, coding, beside, onRaw }: TextReading,
  take: (symbols: Uint32Array) => void,
): Promise<void> {
  const used = text.unit === 'byte' ? { ...reading, plain: true } : reading;
  const isWhole = used.format === 'lines' && coding === undefined;
  const opening = { reading: used, onRaw, patient: true, keepMark: isWhole };
  const bytes = textBytes(source, opening);
  const { name } = source;
  // the sides of pairs are normalised when lines are made of them, so nothing is left to normalise here
  const uniform = coding === undefined ? text : { unit: text.unit, keepCr: true };
  const decoding = new TextDecoding(uniform, name, used.invalid);
  const lines = () => {
    if (coding !== undefined)
      return pairLines(bytes, name, { reading: used, text, coding, beside });
    return isWhole ? bytes : asCorpus(columnTexts(bytes, name, used, beside));
  };
  let current: Uint8Array = new Uint8Array(0);
  let start = 0;
  try {
    for await (const chunk of lines()) {
      current = chunk;
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        take(decoding.push(chunk.subarray(from, from + pieceBytes)));
      }
      start += chunk.length;
    }
    take(decoding.end());
  } catch (error) {
    if (!(error instanceof InvalidTextError) || !isWhole) throw error;
    throw await advised(error, source, current, Math.min(start, error.offset));
  }
}

/** Number of bytes around an invalid one from which the encoding is guessed */
const sampleBytes = 1 << 16;
/** If more than this fraction of the bytes is invalid, the text is probably not damaged but in another encoding. */
const strayFraction = 0.01;

/**
 * Adds advice to an error about invalid UTF-8: its line, where it can be counted, and the encodings that the text may
 * be in.
 */
async function advised(
  error: InvalidTextError,
  source: Source,
  chunk: Uint8Array,
  chunkStart: number,
): Promise<InvalidTextError> {
  if (!error.fault.includes('UTF-8')) return error;
  const { fault, offset, byte } = error;
  const from = Math.max(0, Math.min(offset - chunkStart, chunk.length) - (sampleBytes >> 1));
  const sample = chunk.subarray(from, from + sampleBytes);
  const line = await lineOf(source, offset);
  return new InvalidTextError(source.name, fault, offset, byte, {
    advice: adviceFor(sample),
    line,
  });
}

function adviceFor(sample: Uint8Array): string {
  const text = Buffer.from(sample.buffer, sample.byteOffset, sample.length).toString();
  const faults = text.split('\ufffd').length - 1;
  const controls = sample.reduce((sum, byte) => sum + (isControl(byte) ? 1 : 0), 0);
  if (controls > 0.05 * sample.length) {
    return `it looks like binary data, not text; if it is text, give its ${optionName('encoding')}; ${optionName('unit', 'byte')} reads any bytes`;
  }
  const guesses = guessEncodings(sample);
  const named =
    guesses.length > 0
      ? `perhaps ${guesses.join(' or ')} (a guess): give ${optionName('encoding')} ${guesses[0]}`
      : `name it with ${optionName('encoding')}`;
  const valid = (text.match(/\P{ASCII}/gu) ?? []).length - faults;
  if (valid > 2 * faults)
    return `for a stray byte give ${optionName('invalid', 'replace')} or ${optionName('invalid', 'skip')}`;
  if (faults > strayFraction * sample.length) {
    return `it is in another encoding, ${named}; or read its bytes with ${optionName('unit', 'byte')}`;
  }
  return `for a stray byte give ${optionName('invalid', 'replace')} or ${optionName('invalid', 'skip')}; for a text in another encoding, ${named}`;
}

/** Whether a byte is a control character of ASCII other than white space and the escape character */
function isControl(byte: number): boolean {
  return byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b) || byte === 0x7f;
}

/**
 * The line of a byte position. Lines are counted by reading the file again, which is possible only if it is a regular
 * file that is neither packed nor in another encoding.
 */
async function lineOf(source: Source, offset: number): Promise<number | undefined> {
  if (source.size === undefined) return undefined;
  let [line, position] = [1, 0];
  try {
    for await (const piece of source.read()) {
      if (position === 0 && recognise(piece, source.extension).kind !== 'text') return undefined;
      const end = Math.min(piece.length, offset - position);
      for (let at = piece.indexOf(0x0a); at >= 0 && at < end; at = piece.indexOf(0x0a, at + 1)) {
        line++;
      }
      position += piece.length;
      if (position > offset) return line;
    }
  } catch {
    // the file may have been deleted; the invalid byte is then reported without its line
  }
  return undefined;
}
