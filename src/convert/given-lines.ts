/** Lines to be converted, with the labels and vectors that a model needs for them. */
import { optionName, UsageError } from '../errors.js';
import { printable } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { valueNumber } from '../text/condition-reader.js';
import type { Given, Label } from '../text/conditions.js';
import type { LineOptions } from '../text/lines.js';
import type { BesideColumns } from '../text/reading-options.js';
import { parseVectors, scaledVectors } from '../text/vector-text.js';

/**
 * The columns that lines must have: one for each label that is not chosen for all lines, and one for the vectors.
 * @param chosen labels that are the same for all lines
 */
export function neededColumns(
  { beside }: Model,
  chosen: ReadonlyMap<string, number>,
): BesideColumns | undefined {
  if (beside === undefined) return undefined;
  const labels = beside.labels.map(({ name }) => name).filter((name) => !chosen.has(name));
  const { vector } = beside;
  if (labels.length === 0 && vector === undefined) return undefined;
  return { labels, ...(vector !== undefined && { vector }) };
}

/**
 * Adds labels and vectors to a line: the labels that were chosen for all lines, and the labels and vectors in the
 * line's own columns.
 * @param columns as `neededColumns` returns them
 */
export function attachGiven(
  model: Model,
  columns: BesideColumns | undefined,
  chosen: ReadonlyMap<string, number>,
): LineOptions['attach'] {
  const read = givenReader(model, columns, chosen);
  return read && ((line, further, where) => Object.assign(line, { given: read(further, where) }));
}

/** Makes a line's labels and vectors from the fields of its columns; `where` is the line, as messages show it. */
export type GivenReader = (further: readonly string[], where: string) => Given;

/**
 * @param columns as `neededColumns` returns them
 * @param chosen labels that are the same for all lines
 * @returns undefined for a model without labels and vectors
 */
export function givenReader(
  model: Model,
  columns: BesideColumns | undefined,
  chosen: ReadonlyMap<string, number>,
): GivenReader | undefined {
  if (model.beside === undefined) return undefined;
  const { labels: names, vector } = columns ?? { labels: [] };
  const given = givenMaker(model, chosen);
  return (further, where) => {
    const labelValue = ({ name }: Label) => further[names.indexOf(name)];
    const vectors = vector === undefined ? [] : parseVectors(further[names.length], where);
    return given(labelValue, vectors, where);
  };
}

/**
 * Returns a function that makes the labels and vectors of a line from the value of each label that was not chosen for
 * all lines, and the line's vectors.
 * @param chosen labels that are the same for all lines
 */
export function givenMaker(
  { beside, config }: Model,
  chosen: ReadonlyMap<string, number>,
): (
  labelValue: (label: Label) => string,
  vectors: readonly Float32Array[],
  where: string,
) => Given {
  const { labels } = beside ?? { labels: [] };
  const { labels: counts = [], vectors: shape } = config;
  const offsets = labels.map((_, c) => counts.slice(0, c).reduce((sum, count) => sum + count, 0));
  return (labelValue, vectors, where) => {
    const values = labels.map((label, c) => {
      const value = chosen.get(label.name) ?? valueNumber(label, labelValue(label), where);
      return offsets[c] + value;
    });
    const scaled = shape ? scaledVectors(vectors, shape, where) : [];
    return { labels: Int32Array.from(values), vectors: Float32Array.from(scaled) };
  };
}

/** @throws UsageError if the model needs columns and the lines have none */
export function requireTable(columns: BesideColumns | undefined, format: string): void {
  if (columns === undefined || format !== 'lines') return;
  const { labels, vector } = columns;
  const names = [...labels, ...(vector === undefined ? [] : [vector])].join(', ');
  const choice = labels.length > 0 ? `, or ${optionName('label')} for all lines` : '';
  throw new UsageError(
    `the model needs ${printable(names)} for each source: give a table with ${optionName('format')} csv, tsv or ndjson${choice}`,
  );
}
