/** Reads the field of a model file that says how much the lines of the validation text cost. */
import type { Fields } from '../json/fields.js';
import { ranges } from '../limits.js';
import { keptHighest, type LineQuantiles } from '../model/line-quantiles.js';

/**
 * @returns undefined for a model without it, as earlier versions wrote all
 * @throws CharnnError naming what is wrong
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

/** @param direction 1 where the numbers rise, -1 where they fall */
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
