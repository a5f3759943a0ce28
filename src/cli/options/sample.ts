import type { OptionGroup } from '../option.js';
import { integer, listOf, positive, positiveShare, share, text } from '../values.js';
import { defaults as d } from './defaults.js';
import { flag, option, repeatable } from './definitions.js';
import { backend, count, debug, encoding, lastModel, modelFile, quiet, threads } from './shared.js';

/** The rule of every option whose value is a text (`commands/escapes.ts`) */
const escapes = 'escapes such as \\n, \\t and \\\\ are understood';

export const sampleOptions: readonly OptionGroup[] = [
  {
    title: 'Records:',
    options: [
      modelFile,
      lastModel,
      option(
        '-l, --length <n>',
        'most characters of a record, its prompt not counted',
        integer(0),
        d.length,
      ),
      option('-n, --count <n>', 'records, each followed by a line feed', count, 'one text'),
      repeatable(
        '--stop <text>',
        `ends a record, itself left out; ${escapes}; with -n, by default, what ends the records of the model's text`,
        text,
      ),
      repeatable('--until <text>', `ends a record, itself included; ${escapes}`, text),
      flag('-0, --null', 'a NUL byte after each record'),
      flag('--unique', 'no record twice'),
      option('--novel <corpus>', 'no record that stands in this text', text),
    ],
  },
  {
    title: 'Prompt:',
    options: [
      option('-p, --prime <text>', `a text to go on from; ${escapes}`, text),
      option('--prime-file <file>', 'a file to go on from, - for standard input', text),
      option('--complete <file>', 'go on from each line of a file; ends with the line', text),
      flag('-i, --interactive', 'go on from lines that you type; /help tells more'),
      {
        ...encoding,
        description: 'encoding of the files, such as utf-16le or windows-1252',
      },
      flag('--no-echo', 'do not print the prompt'),
    ],
  },
  {
    title: 'Choice:',
    options: [
      option(
        '-t, --temp <list>',
        'temperature: below 1 safer, above 1 wilder; of several each record takes the next',
        listOf(positive),
        d.temp,
      ),
      option('--temp-schedule <list>', 'temperatures along a record: 1.2,0.5', listOf(positive)),
      option('--top-k <n>', 'among the n most probable characters', count),
      option('--top-p <x>', 'among the most probable that have this share', positiveShare),
      option('--min-p <x>', 'at least x times as probable as the most probable', share),
      option('--typical <x>', 'among the least surprising that have this share', positiveShare),
      option('--ban-repeats <n>', 'no run of n characters twice in a record', integer(2)),
      option('--allow <class>', 'only these characters: a-z, \\p{L}, …', text),
      option('--match <regex>', 'only records that match as a whole; a line end ends them', text),
      flag('--greedy', 'always the most probable character'),
      option('--beam <n>', 'the most probable record that a beam of n finds', integer(1, 1024)),
    ],
  },
  {
    title: 'Run:',
    options: [
      option('--seed <n>', 'same seed, same records', integer(0), 'random'),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];
