/** The labels of a request: a field `labels` such as `{"author": "Keats"}`. */
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
  const names = new Set(labels.map(({ name }) => name));
  for (const name of Object.keys(given?.value ?? {})) {
    if (names.has(name)) continue;
    const has = [...names].map((one) => quote(one)).join(', ') || 'none';
    given?.fail(name, `left out: the labels of the model are ${has}`);
  }
  let offset = 0;
  return Int32Array.from(labels, (label) => {
    const { name, values } = label;
    if (given?.get(name) === undefined) {
      fields.fail('labels', `an object with a value of the label ${quote(name)}`);
    }
    const at = offset + valueNumber(label, given.string(name), given.name(name));
    offset += values.length;
    return at;
  });
}
