/** Divides a text between training and validation, and fits a batch to the text. */
import { CharnnError } from '../errors.js';
import type { IdList } from './id-list.js';

/**
 * Splits off the last part of a text for validation, and keeps the rest for training. Both are views of the text, and training has at least one character.
 * @param validationFraction 0 to below 1; with 0 there is no validation text
 */
export function splitCorpus<List extends IdList>(
  ids: List,
  validationFraction: number,
): { readonly train: List; readonly validation: List } {
  // rounded, because 100 × 0.29 is slightly less than 29
  const edge = Math.max(1, ids.length - Math.round(ids.length * validationFraction));
  const part = (start: number, end: number) => ids.subarray(start, end) as List;
  return { train: part(0, edge), validation: part(edge, ids.length) };
}

export interface BatchShape {
  /** B: the number of rows, each reading a stream of its own */
  readonly batchSize: number;
  /** T: the number of steps of a chunk */
  readonly seqLength: number;
}

/**
 * A batch that a training text of `characters` characters can fill. Its N-1 targets make B streams of ⌊(N-1)/B⌋ steps.
 * While these are shorter than a chunk, the number of rows is lowered; if even one row is too short, the chunks become
 * shorter.
 * @returns the batch, with a warning if it is not what was asked for
 * @throws CharnnError for a text of fewer than two characters
 */
export function fitToCorpus(
  characters: number,
  { batchSize, seqLength }: BatchShape,
): BatchShape & { readonly warning?: string } {
  const targets = characters - 1;
  if (targets < 1) {
    const count = characters === 1 ? '1 character' : `${characters} characters`;
    throw new CharnnError(
      `the training text has ${count}: at least 2 are needed, one to read and one to predict`,
    );
  }
  const rows = Math.max(1, Math.min(batchSize, Math.floor(targets / seqLength)));
  const steps = Math.min(seqLength, targets);
  if (rows === batchSize && steps === seqLength) return { batchSize, seqLength };
  const changes = [
    rows === batchSize ? '' : `batch size ${batchSize} is lowered to ${rows}`,
    steps === seqLength ? '' : `sequence length ${seqLength} is lowered to ${steps}`,
  ];
  const reason = `the training text has only ${characters} characters for ${batchSize} rows of ${seqLength} steps`;
  const warning = `${reason}: ${changes.filter((change) => change !== '').join(', ')}`;
  return { batchSize: rows, seqLength: steps, warning };
}
