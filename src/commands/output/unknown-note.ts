/** Messages about characters that a model does not know. */
import { grouped, type Output } from '../../cli/output.js';
import type { Vocabulary } from '../../text/vocabulary.js';

/** How many bits each unknown character costs in addition to the unknown symbol, and why */
export function unknownPrice(vocabulary: Vocabulary): string {
  const bits = (vocabulary.unknownCost / Math.LN2).toFixed(1);
  const all = grouped(vocabulary.unknownCharacters);
  return `each of which costs ${bits} bits more than the unknown symbol, because that may stand for ${all} characters`;
}

/** Prints how many characters of a text were unknown to a model, if there were any. */
export function noteUnknown(unknown: number, vocabulary: Vocabulary, output: Output): void {
  if (unknown === 0) return;
  const what = unknown === 1 ? 'character was' : 'characters were';
  output.note(`${grouped(unknown)} ${what} unknown to the model, ${unknownPrice(vocabulary)}`);
}
