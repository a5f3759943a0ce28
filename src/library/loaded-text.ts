/** A text that has been read, with the options it was read with: the input of a training run. */
import { resolve } from 'node:path';
import { grouped, quote } from '../messages/quote.js';
import { type Complete, withDefaults } from '../options/table.js';
import type { KnownConditions, ReadConditions } from '../text/condition-reader.js';
import {
  type CorpusOptions,
  type ListMaker,
  loadCorpus,
  type StoredCorpus,
} from '../text/load-corpus.js';
import { codingOf, PairCoding } from '../text/pair-coding.js';
import type { ReadingOptions } from '../text/reading-options.js';
import type { TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import { checkSides } from '../train/resolve.js';
import type { CommandTrainOptions } from '../train/schema/schema.js';
import { sourceRows, textRows } from '../train/schema/text-rows.js';
import { conditionReader } from './given-beside.js';
import type { Messages } from './messages.js';
import { readSeparatorOption } from './records.js';
import { besideOf, folderReporter, readingOf } from './text-reading.js';

/** Options about how a text is read */
export interface TextRules {
  readonly text: TextOptions;
  readonly minCount: number;
  readonly reading: ReadingOptions;
  /** How the sources and targets of pairs are written as characters; absent for a text without pairs */
  readonly coding?: PairCoding | undefined;
}

export interface LoadedText extends TextRules {
  readonly corpus: StoredCorpus;
  /** Makes the lists that take the ids of the text; absent if these must be arrays in memory */
  readonly makeList?: ListMaker;
  /** The labels and vectors that a table gives beside the text of each record, on which the model is conditioned */
  readonly given?: ReadConditions | undefined;
  /** Absolute paths, or `-` for input that is not a file */
  readonly paths: readonly string[];
  /** Absolute paths of files in folders that were skipped because output of this process goes to them */
  readonly leftOut: readonly string[];
  /** The separator that ends the records of the text, as it was given; empty if there is to be none */
  readonly separator?: string | undefined;
}

/** Options about how a text is read */
export type TextCallOptions = Pick<
  CommandTrainOptions,
  | 'unit'
  | 'normalize'
  | 'keepCr'
  | 'minCount'
  | 'encoding'
  | 'invalid'
  | 'format'
  | 'textColumn'
  | 'label'
  | 'vector'
  | 'separator'
  | 'pairs'
  | 'sourceUnit'
  | 'targetUnit'
>;

/** @throws UsageError for options that contradict each other */
export function textRulesOf(options: TextCallOptions): TextRules & Pick<LoadedText, 'separator'> {
  const { unit, keepCr, normalize } = withDefaults(textRows, options) as Complete<typeof textRows>;
  checkSides(options);
  const text = { unit, keepCr, ...(normalize && { normalize }) };
  const pairs = options.pairs ?? false;
  return {
    text,
    minCount: options.minCount ?? sourceRows.minCount.default,
    reading: { ...readingOf(options, unit, 'error', pairs), ...besideOf(options, pairs) },
    ...(pairs && { coding: PairCoding.growing(unitsOf(options)) }),
    separator: readSeparatorOption(options.separator, text),
  };
}

/** The units of sources and of targets that options ask for: characters, bytes, symbols, or `auto` */
function unitsOf({ unit, format, sourceUnit, targetUnit }: TextCallOptions) {
  // in a text of bytes, the unit of sources and targets is the byte, which their options call `char`; otherwise the
  // pairs decide
  const usual = unit === 'byte' ? 'char' : 'auto';
  return {
    source: sourceUnit ?? usual,
    target: targetUnit ?? (format === 'dict' ? 'symbol' : usual),
  };
}

export interface LoadingOptions {
  /**
   * The vocabulary whose ids are used; without one, it is made from the text, and folders and rare characters are
   * reported
   */
  readonly vocabulary?: Vocabulary | undefined;
  /** What a model records about the columns with labels and vectors */
  readonly known?: KnownConditions | undefined;
  /** Absolute paths that are skipped in folders */
  readonly leftOut?: readonly string[] | undefined;
  readonly onProgress?: CorpusOptions['onProgress'];
  /** Makes the lists that take the ids; not used for pairs and labels, which are looked up in memory */
  readonly makeList?: ListMaker;
}

/**
 * Reads files, folders and standard input (`-`) as one text.
 * @throws CharnnError for what is not text or cannot be read
 */
export async function loadTexts(
  paths: readonly string[],
  rules: TextRules & Pick<LoadedText, 'separator'>,
  messages: Messages,
  { vocabulary, known, onProgress, ...more }: LoadingOptions = {},
): Promise<LoadedText> {
  const leftOut = new Set(more.leftOut);
  const beside = conditionReader(rules.reading, known);
  const makeList = beside || rules.coding ? undefined : more.makeList;
  const options: CorpusOptions = {
    ...rules,
    vocabulary,
    beside,
    onProgress,
    onFolder: vocabulary === undefined ? folderReporter(messages) : undefined,
    stdin: process.stdin,
    leavingOut: {
      known: leftOut,
      onOwnStream(path, stream) {
        messages.note(
          `left out ${quote(path)}, because the ${stream} of this training run goes to it`,
        );
        leftOut.add(resolve(path));
      },
    },
  };
  const corpus = await loadCorpus(paths, options, makeList);
  if (vocabulary === undefined) noteRare(corpus.unknown, messages);
  const given = beside?.finish();
  const loaded = { ...asLoaded(rules), corpus, makeList, ...(given && { given }) };
  return { ...loaded, paths: paths.map(absolute), leftOut: [...leftOut] };
}

/** The rules with which a text was read, including those that were found in the text itself. */
export function asLoaded<Rules extends TextRules>(rules: Rules): Rules {
  const { coding } = rules;
  if (coding === undefined) return rules;
  const { units } = coding;
  const text = { ...rules.text, ...(units && { pairs: units }) };
  return { ...rules, text, coding: codingOf(text) };
}

export function noteRare(unknown: number, messages: Messages): void {
  if (unknown === 0) return;
  const plural = unknown === 1 ? ' is' : 's are';
  messages.note(`${grouped(unknown)} rare character${plural} read as unknown`);
}

export function absolute(path: string): string {
  return path === '-' ? path : resolve(path);
}
