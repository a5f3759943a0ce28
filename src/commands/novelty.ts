/** `charnn novelty`: how much of a text is copied from a corpus. */
import { createOutput } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { type Novelty, noveltyOf } from '../novelty/novelty.js';
import { SuffixAutomaton } from '../novelty/suffix-automaton.js';
import { textOf } from '../text/code-points.js';
import { jsonText } from '../text/quote.js';
import { readText } from '../text/read-text.js';
import type { ReadingOptions } from '../text/reading-options.js';
import { findSources, type Source } from '../text/sources.js';
import { textArguments } from './text-arguments.js';
import { folderReporter, type RawReadingOptions, readingOf } from './text-reading.js';
import { write } from './write.js';

export interface RawNoveltyOptions extends RawReadingOptions {
  readonly corpus?: readonly string[];
  readonly runs?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const defaultRuns = 10;
const text = { unit: 'char', keepCr: false } as const;

export async function novelty(texts: readonly string[], raw: RawNoveltyOptions): Promise<void> {
  if (raw.corpus === undefined) throw new UsageError('no corpus given: name one with --corpus');
  const reading = readingOf(raw, text.unit);
  const onFolder = folderReporter(createOutput(raw.quiet ?? false));
  const find = (paths: readonly string[]) =>
    findSources(paths, process.stdin, { reading, onFolder });
  const symbols = await symbolsOf(await find(textArguments(texts)), reading);
  const automaton = new SuffixAutomaton(symbols);
  for (const source of await find(raw.corpus)) {
    automaton.restart();
    await readText(source, { text, reading }, (piece) => automaton.read(piece));
  }
  const result = noveltyOf(automaton, raw.runs ?? defaultRuns);
  const shown = (start: number, length: number) => textOf(symbols.subarray(start, start + length));
  await write(raw.json ? json(result, shown) : table(result, shown));
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

function json({ characters, newShares, runs }: Novelty, shown: Shown): string {
  const withText = runs.map(({ start, length }) => ({ start, length, text: shown(start, length) }));
  return `${jsonText({ characters, new: newShares, runs: withText })}\n`;
}

function table({ newShares, runs }: Novelty, shown: Shown): string {
  const lines = ['length     new'];
  for (const { length, share } of newShares) {
    lines.push(`${String(length).padStart(6)} ${(100 * share).toFixed(1).padStart(6)}%`);
  }
  lines.push('', 'longest runs in common');
  for (const { start, length } of runs) {
    lines.push(`${String(length).padStart(6)} ${jsonText(shown(start, length))}`);
  }
  return `${lines.join('\n')}\n`;
}
