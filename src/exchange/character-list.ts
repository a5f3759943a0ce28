/**
 * Reads the characters of a model that another program has trained, from a file with a JSON array in the order of their
 * ids.
 */
import { CharnnError } from '../errors.js';
import { openBytes } from '../json/byte-source.js';
import { parseChecked } from '../json/scan.js';
import { limits } from '../limits.js';
import { jsonText, quote } from '../messages/quote.js';
import { symbolFromJson, Vocabulary } from '../text/vocabulary.js';

export interface CharacterList {
  readonly vocabulary: Vocabulary;
  /** The code point or byte of each id; null for the id of unknown characters, if there is one */
  readonly order: readonly (number | null)[];
  /** The file as messages show it */
  readonly shown: string;
}

/**
 * Reads a list of characters, or of bytes as numbers.
 * @param path may be that of a pipe
 * @throws CharnnError that says what is wrong
 */
export async function readCharacterList(path: string): Promise<CharacterList> {
  const shown = quote(path);
  const value = parseChecked(await textOf(path), shown);
  if (!Array.isArray(value)) {
    throw new CharnnError(`${shown} must be a JSON array of characters in the order of their ids`);
  }
  const unit = value.some((item) => typeof item === 'number') ? 'byte' : 'char';
  const one = unit === 'byte' ? 'a byte, from 0 to 255' : 'one character';
  const order: (number | null)[] = [];
  const seen = new Set<number | null>();
  for (const [i, item] of value.entries()) {
    const symbol = item === null ? null : symbolFromJson(unit, item);
    const what = `${shown}: item ${i}, counted from 0,`;
    if (symbol === undefined) {
      throw new CharnnError(
        `${what} must be ${one}, or null for unknown characters, not ${jsonText(item).slice(0, 40)}`,
      );
    }
    if (seen.has(symbol)) {
      throw new CharnnError(`${what} occurs twice: ${jsonText(item)}`);
    }
    seen.add(symbol);
    order.push(symbol);
  }
  const symbols = order.filter((symbol) => symbol !== null);
  if (symbols.length === 0) throw new CharnnError(`${shown} lists no characters`);
  return { vocabulary: Vocabulary.of(unit, symbols), order, shown };
}

/** @throws CharnnError for a file that cannot be read, or is too long to be a list of characters */
async function textOf(path: string): Promise<string> {
  const source = await openBytes(path);
  try {
    const pieces: Buffer[] = [];
    for (let size = 0; ; ) {
      const piece = Buffer.alloc(1 << 16);
      const found = source.read(piece, size);
      pieces.push(piece.subarray(0, found));
      size += found;
      if (size > limits.headBytes) {
        throw new CharnnError(
          `${quote(path)} is longer than ${limits.headBytes} bytes: it must be a JSON array of characters`,
        );
      }
      if (found < piece.length) break;
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch (cause) {
    if (cause instanceof CharnnError) throw cause;
    throw new CharnnError(`${quote(path)} is not valid UTF-8: save it in that encoding`, 1, {
      cause,
    });
  } finally {
    source.close();
  }
}
