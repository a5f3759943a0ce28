/** `charnn novelty`: measures how much of a text is copied from a corpus. */
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { jsonText } from '../messages/quote.js';
import { type Novelty, noveltyOf } from '../novelty/novel-share.js';
import { SuffixAutomaton } from '../novelty/suffix-automaton.js';
import { type OptionsOf, option } from '../options/table.js';
import { integer, path, repeated } from '../options/types.js';
import { textOf } from '../text/code-points.js';
import { readText } from '../text/read-text.js';
import type { ReadingOptions } from '../text/reading-options.js';
import { readingRows } from '../text/reading-rows.js';
import { findSources, type Source } from '../text/sources.js';
import { textArguments } from './input/text-arguments.js';
import { write } from './output/write.js';

const table = {
  corpus: option(
    '<file>',
    repeated(path),
    'file or folder that the text may have been copied from',
  ),
  runs: option('<n>', integer(0), 'max number of shared strings to show', {
    default: 10,
  }),
  ...readingRows,
  json: rows.json,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const novelty = defineCommand({
  name: 'novelty',
  arguments: '[text...]',
  summary: 'measure how much of a text is copied from a corpus',
  description:
    'Print, for several lengths, which share of the strings of that length in a text\ndoes not occur in a corpus, and the longest strings that occur in both.',
  examples: [['charnn sample -l 20000 | charnn novelty --corpus book.txt', 'does it copy?']],
  synonyms: ['copied', 'plagiarism', 'overlap'],
  options: table,
  standardOutput: 'result',
  run: measureNovelty,
});

const text = { unit: 'char', keepCr: false } as const;

async function measureNovelty(
  texts: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  if (options.corpus === undefined) throw new UsageError('no corpus given: name one with --corpus');
  const reading = readingOf(options, text.unit);
  const onFolder = folderReporter(createOutput(options.quiet ?? false));
  const find = (paths: readonly string[]) =>
    findSources(paths, process.stdin, { reading, onFolder });
  const symbols = await symbolsOf(await find(textArguments(texts)), reading);
  const automaton = new SuffixAutomaton(symbols);
  for (const source of await find(options.corpus)) {
    automaton.restart();
    await readText(source, { text, reading }, (piece) => automaton.read(piece));
  }
  const result = noveltyOf(automaton, options.runs ?? table.runs.default);
  const shown = (start: number, length: number) => textOf(symbols.subarray(start, start + length));
  await write(options.json ? json(result, shown) : lines(result, shown));
}

async function symbolsOf(
  sources: readonly Source[],
  reading: ReadingOptions,
): Promise<Uint32Array> {
  const pieces: Uint32Array[] = [];
  for (const source of sources) {
    await readText(source, { text, reading }, (piece) => pieces.push(piece.slice()));
  }
  const symbols = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    symbols.set(piece, at);
    at += piece.length;
  }
  return symbols;
}

type Shown = (start: number, length: number) => string;

function json({ characters, newFractions, runs }: Novelty, shown: Shown): string {
  const withText = runs.map(({ start, length }) => ({ start, length, text: shown(start, length) }));
  return `${jsonText({ characters, new: newFractions, runs: withText })}\n`;
}

function lines({ newFractions, runs }: Novelty, shown: Shown): string {
  const shownLines = ['length     new'];
  for (const { length, share } of newFractions) {
    shownLines.push(`${String(length).padStart(6)} ${(100 * share).toFixed(1).padStart(6)}%`);
  }
  shownLines.push('', 'longest runs in common');
  for (const { start, length } of runs) {
    shownLines.push(`${String(length).padStart(6)} ${jsonText(shown(start, length))}`);
  }
  return `${shownLines.join('\n')}\n`;
}
