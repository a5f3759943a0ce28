/** Lines to be converted, with the labels and vectors that a model needs for them. */
import { optionName, UsageError } from '../errors.js';
import { printable } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { valueNumber } from '../text/condition-reader.js';
import type { LineOptions } from '../text/lines.js';
import type { BesideColumns } from '../text/reading-options.js';
import { parseVectors, scaledVectors } from '../text/vector-text.js';

/**
 * The columns that lines must have.
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
 * Adds to a line the labels that were chosen for all lines, and those and the vectors of its own columns.
 * @param columns by `neededColumns`
 */
export function attachGiven(
  { beside, config }: Model,
  columns: BesideColumns | undefined,
  chosen: ReadonlyMap<string, number>,
): LineOptions['attach'] {
  if (beside === undefined) return undefined;
  const { labels } = beside;
  const { labels: counts = [], vectors: shape } = config;
  const offsets = labels.map((_, c) => counts.slice(0, c).reduce((sum, count) => sum + count, 0));
  return (line, further, where) => {
    let next = 0;
    const values = labels.map((label, c) => {
      const value = chosen.get(label.name) ?? valueNumber(label, further[next++], where);
      return offsets[c] + value;
    });
    const vectors =
      shape && columns ? scaledVectors(parseVectors(further[next], where), shape, where) : [];
    const given = { labels: Int32Array.from(values), vectors: Float32Array.from(vectors) };
    return Object.assign(line, { given });
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
