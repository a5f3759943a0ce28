/** Reads the fields of files about labels and vectors, which accompany the records of a text. */
import { CharnnError } from '../errors.js';
import type { Fields } from '../json/fields.js';
import { integersFrom, limits, ranges } from '../limits.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Beside } from '../model/model-data.js';
import type { Label } from '../text/conditions.js';

/** Reads from the `model` object how many values each label has, and the size and statistics of the vectors. */
export function readConditioned(fields: Fields): Pick<ModelConfig, 'labels' | 'vectors'> {
  const counts = fields.get('labels') === undefined ? undefined : fields.array('labels');
  const { expected, holds } = integersFrom(1, limits.labelValues);
  const areCounts = counts?.every((count) => typeof count === 'number' && holds(count));
  if (counts && (!areCounts || counts.length === 0 || counts.length > limits.labels)) {
    fields.fail('labels', `a list of 1 to ${limits.labels} numbers, each ${expected}`);
  }
  const vectors = fields.get('vectors') === undefined ? undefined : fields.fields('vectors');
  return {
    ...(counts && { labels: counts as number[] }),
    ...(vectors && {
      vectors: {
        size: vectors.integer('size', 1, limits.vectorNumbers),
        mean: vectors.within('mean', ranges.finite),
        deviation: vectors.within('deviation', ranges.positive),
      },
    }),
  };
}

/**
 * Reads the names of the labels and their values, whose numbers must match the network, and the name of the column with
 * vectors.
 * @throws CharnnError naming the field that is wrong
 */
export function readBeside(fields: Fields, config: ModelConfig): Beside | undefined {
  const { labels: counts = [], vectors } = config;
  if (counts.length === 0 && vectors === undefined) return undefined;
  const beside = fields.fields('beside');
  const labels = beside.objects('labels').map(labelOf);
  const isOther =
    labels.length !== counts.length || labels.some(({ values }, i) => values.length !== counts[i]);
  if (isOther) {
    throw new CharnnError(
      `${beside.name('labels')} must have as many labels and values as the network: ${counts.join(', ')} values`,
    );
  }
  return { labels, ...(vectors && { vector: nameOf(beside, 'vector') }) };
}

function labelOf(fields: Fields): Label {
  const values = fields.array('values');
  const areValues = values.every((value) => typeof value === 'string' && isShort(value));
  if (!areValues || new Set(values).size < values.length) {
    fields.fail('values', `a list of different texts of at most ${limits.labelLength} characters`);
  }
  return { name: nameOf(fields, 'name'), values: values as string[] };
}

function nameOf(fields: Fields, key: string): string {
  const name = fields.string(key);
  if (!isShort(name)) fields.fail(key, `a text of at most ${limits.labelLength} characters`);
  return name;
}

function isShort(text: string): boolean {
  return text.length <= limits.labelLength;
}
