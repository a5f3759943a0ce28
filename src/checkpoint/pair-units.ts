/** The units of pairs, as the `text` object of files records them. */
import type { Fields } from '../json/fields.js';
import { maxSymbols } from '../text/pair-coding.js';
import { type PairUnits, sideUnits } from '../text/unit.js';

/** Reads the units of pairs, and the symbols for which the vocabulary has characters. */
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
