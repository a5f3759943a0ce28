/** Shows in words what a model file records about its training. The values may be anything, as in any file. */
import { grouped } from '../../cli/output.js';
import { printable } from '../../messages/quote.js';

/** @returns the name of each recorded value, in words, and the value itself; values that are not set are left out */
export function recordedValues(record: object): [name: string, value: string][] {
  return Object.entries(record).flatMap(([key, value]): [string, string][] =>
    value == null ? [] : [[inWords(key), shown(key, value)]],
  );
}

/** Writes the name of a field as words: `batchSize` as `batch size`. */
function inWords(key: string): string {
  return printable(key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}

function shown(key: string, value: unknown): string {
  if (typeof value === 'number') return numberShown(key, value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object' || value === null) return printable(`${value}`);
  if (Array.isArray(value)) return value.map((item) => shown(key, item)).join(', ');
  const { name, ...rest } = value as Record<string, unknown>;
  const parts = recordedValues(rest).map(([part, text]) => `${part} ${text}`);
  return [...(typeof name === 'string' ? [printable(name)] : []), ...parts].join(', ');
}

/** Formats an integer with its digits in groups, except a seed, which may be copied; others have four digits. */
function numberShown(key: string, value: number): string {
  if (!Number.isInteger(value)) return `${Number(value.toPrecision(4))}`;
  return key === 'seed' ? `${value}` : grouped(value);
}
