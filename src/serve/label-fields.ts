/** The labels of a request: a field `labels` such as `{"author": "Keats"}`. */
import { CharnnError } from '../errors.js';
import type { Fields } from '../json/fields.js';
import { quote } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { valueNumber } from '../text/condition-reader.js';

/**
 * Reads the labels of a request.
 * @returns [C] each as an index among the values of all labels; empty if the model has none
 * @throws CharnnError for a label that the model does not have or that is missing, and for an unknown value
 */
export function requestLabels(fields: Fields, { beside }: Model): Int32Array {
  const labels = beside?.labels ?? [];
  const given = fields.get('labels') == null ? undefined : fields.fields('labels');
  const names = labels.map(({ name }) => name);
  for (const name of Object.keys(given?.value ?? {})) {
    if (names.includes(name)) continue;
    const has =
      names.length === 0
        ? 'the model has no labels'
        : `the labels of the model are ${names.map((one) => quote(one)).join(', ')}`;
    throw new CharnnError(`${given?.name(name)} is unknown: ${has}`);
  }
  let offset = 0;
  return Int32Array.from(labels, (label) => {
    const { name, values } = label;
    if (given?.get(name) === undefined) {
      fields.fail('labels', `an object with a value for the label ${quote(name)}`);
    }
    const at = offset + valueNumber(label, given.string(name), given.name(name));
    offset += values.length;
    return at;
  });
}
