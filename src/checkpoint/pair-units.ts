/** Reads how sources and targets of pairs are divided into characters, from the `text` object of a file. */
import type { Fields } from '../json/fields.js';
import { maxSymbols } from '../text/pair-coding.js';
import { type PairUnits, sideUnits } from '../text/unit.js';

/**
 * Reads the units of sources and of targets (characters, bytes or symbols), and the symbols that private-use characters
 * stand for.
 */
export function readPairUnits(text: Fields): PairUnits {
  const fields = text.fields('pairs');
  const symbols = fields.array('symbols');
  const areSymbols = symbols.every((symbol) => typeof symbol === 'string' && /^\S+$/u.test(symbol));
  if (!areSymbols || symbols.length > maxSymbols || new Set(symbols).size < symbols.length) {
    fields.fail('symbols', `a list of at most ${maxSymbols} different texts without blanks`);
  }
  return {
    source: fields.oneOf('source', sideUnits),
    target: fields.oneOf('target', sideUnits),
    symbols: symbols as string[],
    ...(fields.get('format') !== undefined && {
      format: fields.oneOf('format', ['ndjson'] as const),
    }),
  };
}
