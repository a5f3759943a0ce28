/** The options that determine the initial values of the controls on a model's page. */
import { labelChoice, labelChoiceRow } from '../../library/label-choice.js';
import { readEscapes, writeEscapes } from '../../messages/escapes.js';
import type { Model } from '../../model/model-data.js';
import { type OptionsOf, option } from '../../options/table.js';
import { integer, real, text } from '../../options/types.js';
import { controlRanges, type PageSettings, temperatures } from '../../pages/model-page.js';
import { endsWithRecord } from '../../sample/record-ends.js';
import { extentRows } from '../../sample/sample-rows.js';

export const pageRows = {
  prompt: option(
    '<text>',
    text,
    'text that the page continues at first; escapes such as \\n are understood',
    {
      short: 'p',
      absent: 'none',
    },
  ),
  temp: option(
    '<x>',
    real(temperatures),
    'temperature: 0 is greedy, values above 1 give more varied text',
    {
      short: 't',
      aliases: ['temperature'],
      default: 1,
    },
  ),
  length: option('<n>', integer(...controlRanges.length), 'max number of characters', {
    short: 'l',
    default: extentRows.length.default,
  }),
  stop: option(
    '<text>',
    text,
    'stop sequence: it ends the text that the model writes; escapes such as \\n are understood',
    {
      absent:
        'none; for a model trained with --documents or --label, the sequence that ends its records',
    },
  ),
  seed: option('<n>', integer(0), 'random seed', { default: 1 }),
  label: {
    ...labelChoiceRow,
    help: 'for a model trained with labels: the value that is chosen at first, such as author=Keats',
    absent: 'the first value',
  },
};

/**
 * Checks the options.
 * @returns a function that makes the settings for a model, and throws what `labelChoice` throws
 * @throws UsageError for invalid escapes
 */
export function pageSettings(options: OptionsOf<typeof pageRows>): (model: Model) => PageSettings {
  const { temp, length, stop, seed, label } = options;
  // the page itself converts the escapes in the stop sequence; here they are only checked
  if (stop !== undefined) readEscapes(stop, '--stop');
  const prompt = readEscapes(options.prompt ?? '', '--prompt');
  return (model) => {
    const chosen = labelChoice(model, label);
    return {
      prompt,
      temperature: temp ?? pageRows.temp.default,
      length: length ?? pageRows.length.default,
      seed: seed ?? pageRows.seed.default,
      stop: stop ?? recordEnd(model),
      labels: (model.beside?.labels ?? []).map(({ name }) => chosen.get(name) ?? 0),
      vectors: '',
    };
  };
}

/** The sequence that ends a record, if the model has learned that nothing follows a record; otherwise empty */
function recordEnd(model: Model): string {
  return endsWithRecord(model) ? writeEscapes(model.separator ?? '') : '';
}
