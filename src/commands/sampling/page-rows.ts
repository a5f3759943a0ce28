/** The options for what the controls of a model's page show at first. */
import { labelChoice, labelChoiceRow } from '../../library/label-choice.js';
import { readEscapes, writeEscapes } from '../../messages/escapes.js';
import type { Model } from '../../model/model-data.js';
import { type OptionsOf, option } from '../../options/table.js';
import { integer, real, text } from '../../options/types.js';
import { controlRanges, type PageSettings, temperatures } from '../../pages/model-page.js';
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
  stop: option('<text>', text, 'a text that ends what is written; escapes such as \\n', {
    absent: 'none, or what ends a record of a model trained with --documents or --label',
  }),
  seed: option('<n>', integer(0), 'random seed', { default: 1 }),
  label: {
    ...labelChoiceRow,
    help: 'of a model with labels: a value that is chosen at first, such as author=Keats',
    absent: 'the first value',
  },
};

/**
 * Checks the options.
 * @returns makes the settings for a model
 * @throws UsageError for invalid escapes; the function, as `labelChoice` does
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

/** What ends a record, if the model has learnt each by itself and knows nothing of what follows one; else empty */
function recordEnd({ training, separator = '' }: Model): string {
  return training?.documents === true ? writeEscapes(separator) : '';
}
