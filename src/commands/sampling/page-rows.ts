/** The options of what the controls of a model's page show at first. */
import { readEscapes } from '../../messages/escapes.js';
import { type OptionsOf, option } from '../../options/table.js';
import { integer, real, text } from '../../options/types.js';
import type { PageSettings } from '../../pages/model-page.js';
import { extentRows } from '../../sample/sample-rows.js';

/** Max characters of a text on the page, and the range of its temperatures */
const maxLength = 100_000;
const temperatures = {
  expected: 'a number from 0 to 2',
  holds: (x: number) => x >= 0 && x <= 2,
};

export const pageRows = {
  prompt: option('<text>', text, 'text that the page goes on with at first; escapes such as \\n', {
    short: 'p',
    absent: 'none',
  }),
  temp: option('<x>', real(temperatures), 'temperature: 0 greedy, above 1 more varied', {
    short: 't',
    aliases: ['temperature'],
    default: 1,
  }),
  length: option('<n>', integer(1, maxLength), 'max number of characters', {
    short: 'l',
    default: extentRows.length.default,
  }),
  stop: option('<text>', text, 'a text that ends what is written; escapes such as \\n', {
    absent: 'none',
  }),
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
  // the page reads the escapes of the stop sequence itself; they are read here to find what is wrong with them
  if (stop !== undefined) readEscapes(stop, '--stop');
  return {
    prompt: readEscapes(prompt ?? '', '--prompt'),
    temperature: temp ?? pageRows.temp.default,
    length: length ?? pageRows.length.default,
    seed: seed ?? pageRows.seed.default,
    stop: stop ?? '',
  };
}
