/** Labels chosen for everything that a model reads or writes: `author=Keats`. */
import { optionName, UsageError } from '../errors.js';
import { quote, quoteText } from '../messages/quote.js';
import { withLabelsChosen } from '../model/chosen-labels.js';
import type { Model } from '../model/model-data.js';
import { option } from '../options/table.js';
import { repeated, text } from '../options/types.js';
import { valueNumber } from '../text/condition-reader.js';
import type { Label } from '../text/conditions.js';

export const labelChoiceRow = option(
  '<name=value>',
  repeated(text),
  'for a model trained with labels: the value to use for a label, such as author=Keats',
  { absent: 'none' },
);

/** The index of each chosen value, by the name of the label */
export type LabelChoice = ReadonlyMap<string, number>;

/**
 * Reads which labels were chosen.
 * @throws UsageError for a label that the model does not have, or that is given twice
 * @throws CharnnError for a value that the label does not have
 */
export function labelChoice(model: Model, given: readonly string[] = []): LabelChoice {
  const labels = model.beside?.labels ?? [];
  const chosen = new Map<string, number>();
  for (const pair of given) {
    const shown = optionName('label', pair);
    if (!pair.includes('=')) throw new UsageError(`${shown} has no value: give NAME=VALUE`);
    const label = labelIn(pair, labels);
    if (label === undefined) {
      const has = labels.length === 0 ? 'no labels' : namesOf(labels);
      throw new UsageError(`${shown}: the model has ${has}`);
    }
    const { name } = label;
    if (chosen.has(name)) {
      throw new UsageError(`${optionName('label')} gives ${quote(name)} twice: give it once`);
    }
    chosen.set(name, valueNumber(label, pair.slice(name.length + 1), shown));
  }
  return chosen;
}

/**
 * The label that `name=value` chooses. A label's name may contain =, so that several names may fit; then the longest
 * one is meant.
 */
function labelIn(pair: string, labels: readonly Label[]): Label | undefined {
  return labels
    .filter(({ name }) => pair.startsWith(`${name}=`))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

/**
 * Fixes the labels of a model of texts to the chosen values; a model without labels is unchanged.
 * @throws UsageError if a label is not given, and as `labelChoice` does
 */
export function withChosenLabels(model: Model, given: readonly string[] | undefined): Model {
  const chosen = labelChoice(model, given);
  const labels = model.beside?.labels ?? [];
  if (labels.length === 0) return model;
  const values = labels.map((label) => {
    const value = chosen.get(label.name);
    if (value === undefined) throw missing(label);
    return value;
  });
  return withLabelsChosen(model, values);
}

/**
 * Fixes the labels that are given when a model of texts is loaded. A model of pairs gets its labels with each call.
 * @throws UsageError as `withChosenLabels` does, and for labels of a model of pairs
 */
export function withLoadLabels(model: Model, given: readonly string[] | undefined): Model {
  if (!model.config.pairs) return withChosenLabels(model, given);
  if (given === undefined) return model;
  throw new UsageError(
    `the model was trained on pairs: give ${optionName('label')} to convert, not to Model.load`,
  );
}

/**
 * Refuses a text that cannot have labels, for a model of texts that needs them.
 * @throws UsageError for a text that is not a table
 */
export function requireRecords(model: Model, format: string): void {
  const [label] = model.beside?.labels ?? [];
  if (label !== undefined && format === 'lines') throw missing(label);
}

/** The error for a label that must be given */
export function missing({ name, values }: Label): UsageError {
  const some = values.slice(0, maxNamed).map((value) => quoteText(value, 40));
  const more = values.length > maxNamed ? ', …' : '';
  return new UsageError(
    `the model was trained with the label ${quote(name)}: give ${optionName('label', `${quote(name)}=…`)} with one of ${some.join(', ')}${more}`,
  );
}

const maxNamed = 8;

function namesOf(labels: readonly Label[]): string {
  const names = labels.map(({ name }) => quote(name));
  return `the label${names.length > 1 ? 's' : ''} ${names.join(', ')}`;
}
