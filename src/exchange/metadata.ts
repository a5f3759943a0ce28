/**
 * Stores the fields of a model file in the metadata of other formats, which are strings: each field is written as JSON,
 * except strings, which are written as they are.
 */
import { Fields } from '../json/fields.js';
import { parseChecked } from '../json/scan.js';
import { printable } from '../messages/quote.js';

const stringFields: ReadonlySet<string> = new Set(['format', 'separator']);

/** @param fields the fields by name; those that are undefined are left out */
export function metadataOf(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const text = (key: string, value: unknown) =>
    stringFields.has(key) ? String(value) : JSON.stringify(value);
  return Object.fromEntries(given.map(([key, value]) => [key, text(key, value)]));
}

/**
 * The fields in metadata, which have not been checked yet.
 * @param shown the file as messages show it
 * @throws CharnnError for a string that is not JSON
 */
export function fieldsOf(metadata: ReadonlyMap<string, string>, shown: string): Fields {
  const values = [...metadata].map(([key, text]) => {
    const where = `${shown}: the metadata ${printable(key.slice(0, 60))}`;
    return [key, stringFields.has(key) ? text : parseChecked(text, where)];
  });
  return Fields.of(Object.fromEntries(values), shown);
}
