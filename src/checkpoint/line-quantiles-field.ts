/** Reads the field of a model file with the distribution of the costs of the validation text's lines. */
import type { Fields } from '../json/fields.js';
import { ranges } from '../limits.js';
import { keptHighest, type LineQuantiles } from '../model/line-quantiles.js';

/**
 * @returns undefined for a model that does not record what lines cost, such as a model of an earlier version
 * @throws CharnnError that says what is wrong
 */
export function readLineQuantiles(fields: Fields): LineQuantiles | undefined {
  if (fields.get('lineQuantiles') === undefined) return undefined;
  const quantiles = fields.fields('lineQuantiles');
  const lines = quantiles.integer('lines', 1, Number.MAX_SAFE_INTEGER);
  return {
    lines,
    percentiles: costs(quantiles, 'percentiles', 101, 1),
    highest: costs(quantiles, 'highest', Math.min(lines, keptHighest), -1),
  };
}

/** @param direction 1 if the numbers must ascend, -1 if they must descend */
function costs(fields: Fields, key: string, length: number, direction: 1 | -1): number[] {
  const list = fields.array(key);
  const isInOrder = list.every(
    (x, i) =>
      typeof x === 'number' &&
      ranges.notNegative.holds(x) &&
      (i === 0 || direction * (x - (list[i - 1] as number)) >= 0),
  );
  if (list.length !== length || !isInOrder) {
    fields.fail(key, `a list of ${length} numbers of at least 0 in order`);
  }
  return list as number[];
}
