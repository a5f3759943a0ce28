/** A text of pairs, divided between training and validation by source. */
import { CharnnError, optionName } from '../errors.js';
import { limits } from '../limits.js';
import { grouped } from '../messages/quote.js';
import {
  type FoundPairs,
  findPairs,
  type PairFault,
  type PairMarks,
  pairCount,
  splitPairs,
} from '../model/pairs/pair-table.js';
import { idsInMemory } from '../text/id-list.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { TrainingText } from '../train/job.js';
import type { TrainingPairs } from '../train/replicas/replica-plan.js';
import type { LoadedText } from './loaded-text.js';
import type { Messages } from './messages.js';
import { trainingText, type ValidationSource } from './training-text.js';

export interface PairedText extends TrainingText {
  readonly pairs: TrainingPairs;
}

/**
 * @param known the vocabulary of a resumed training run; its folders and pairs are not reported again
 * @throws CharnnError if there are no pairs
 */
export async function pairedText(
  loaded: LoadedText,
  { valFrac, valFile, valChars }: ValidationSource,
  seed: number,
  known: Vocabulary | undefined,
  messages: Messages,
): Promise<PairedText> {
  const whole = { valFrac: 0, valFile, valChars: Number.POSITIVE_INFINITY };
  const { corpus, validationGiven } = await trainingText(loaded, whole, known, messages);
  const { train, vocabulary } = corpus;
  const ids = idsInMemory(train);
  const marks = requireMarks(vocabulary);
  const report = known === undefined ? messages : undefined;
  for (const side of ['source', 'target'] as const) {
    if (loaded.text.pairs?.[side] !== 'symbol') continue;
    report?.note(`${side}s are read as symbols separated by blanks (${optionName(`${side}Unit`)})`);
  }
  const { pairs } = reportPairs(
    findPairs(ids, marks, loaded.given?.conditions),
    'the text',
    report,
  );
  const fractionOf = (length: number) => Math.min(1, valChars / Math.max(1, length));
  if (valFile === null) {
    const split = splitPairs(ids, pairs, Math.min(valFrac, fractionOf(ids.length)), seed);
    return { ...corpus, validation: ids, pairs: { marks, ...split } };
  }
  const { validation } = corpus;
  const others = findPairs(validation, marks, validationGiven);
  const found = reportPairs(others, optionName('valFile'), report).pairs;
  const fraction = fractionOf(validation.length);
  const chosen = fraction < 1 ? splitPairs(validation, found, fraction, seed).validation : found;
  return { ...corpus, pairs: { marks, train: pairs, validation: chosen } };
}

/**
 * The ids of the characters that separate the parts of pairs.
 * @throws CharnnError if the text does not contain these characters
 */
export function requireMarks(vocabulary: Vocabulary): PairMarks {
  const marks = { tab: vocabulary.id(0x09), newline: vocabulary.id(0x0a) };
  if (marks.tab === vocabulary.unknownId || marks.newline === vocabulary.unknownId) {
    throw new CharnnError(
      'the text has no pairs: give a source and a target on each line, with a tab in between, or in columns of these names',
    );
  }
  return marks;
}

const reasons: Readonly<Record<PairFault, string>> = {
  tab: 'has no target',
  source: 'has an empty source',
  target: 'has an empty target',
  length: `has a side of more than ${limits.pairLength} characters`,
};

/**
 * Reports which lines are not pairs.
 * @param where what was searched for pairs, as messages show it
 * @throws CharnnError if no line is a pair
 */
export function reportPairs(
  found: FoundPairs,
  where: string,
  messages: Messages | undefined,
): FoundPairs {
  const { pairs, wrong, examples, wider } = found;
  const shown = examples.map(({ line, fault }) => `line ${line} ${reasons[fault]}`).join(', ');
  if (pairCount(pairs) === 0) {
    throw new CharnnError(
      `${where} has no pairs: give a source and a target on each line, with a tab in between, or in columns of these names${shown && `; ${shown}`}`,
    );
  }
  if (wrong > 0) {
    const lines = wrong === 1 ? '1 line' : `${grouped(wrong)} lines`;
    const more = wrong > examples.length ? ', …' : '';
    messages?.warn(`left out ${lines} of ${where}: ${shown}${more}`);
  }
  if (wider > 0) {
    const lines = wider === 1 ? '1 line has' : `${grouped(wider)} lines have`;
    messages?.note(`${lines} more than two columns in ${where}: only the first two are read`);
  }
  return found;
}
