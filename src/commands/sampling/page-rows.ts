/** The options for what the controls of a model's page show at first. */
import { readEscapes } from '../../messages/escapes.js';
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
  stop: option(
    '<text>',
    text,
    'stop sequence: it ends the text that the model writes; escapes such as \\n are understood',
    {
      absent: 'none',
    },
  ),
  seed: option('<n>', integer(0), 'random seed', { default: 1 }),
};

/** @throws UsageError for invalid escapes */
export function pageSettings({
  prompt,
  temp,
  length,
  stop,
  seed,
}: OptionsOf<typeof pageRows>): PageSettings {
  // the page itself converts the escapes in the stop sequence; here they are only checked
  if (stop !== undefined) readEscapes(stop, '--stop');
  return {
    prompt: readEscapes(prompt ?? '', '--prompt'),
    temperature: temp ?? pageRows.temp.default,
    length: length ?? pageRows.length.default,
    seed: seed ?? pageRows.seed.default,
    stop: stop ?? '',
  };
}
