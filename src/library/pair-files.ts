/** Models trained on pairs, in programs: which calls they support, and how often they are right. */
import { searchSettings } from '../convert/convert-rows.js';
import { evaluatePairs, type PairEvaluation } from '../convert/evaluate-pairs.js';
import { UsageError } from '../errors.js';
import type { Model } from '../model/model-data.js';
import { findPairs } from '../model/pairs/pair-table.js';
import type { OptionsOf } from '../options/table.js';
import { loadCorpus } from '../text/load-corpus.js';
import { codingOf } from '../text/pair-coding.js';
import type { Ending } from './ending.js';
import { columnsOf, conditionReader, knownConditions } from './given-beside.js';
import type { LoadedModel } from './held.js';
import { missing } from './label-choice.js';
import type { modelRows } from './model-options.js';
import { reportPairs, requireMarks } from './paired-text.js';
import { readingOf } from './text-reading.js';

/** @throws UsageError for a model of texts if the call needs a model of pairs, and the other way round */
export function requireKind({ config, beside }: Model, kind: 'texts' | 'pairs'): void {
  if ((kind === 'pairs') === (config.pairs ?? false)) {
    const [label] = beside?.labels ?? [];
    // the labels of a model of texts are chosen when it is loaded from a file, but not when `train` returns it
    if (kind === 'texts' && label !== undefined) throw missing(label);
    return;
  }
  throw new UsageError(
    config.pairs
      ? 'the model was trained on pairs of a source and a target: use convert or evaluatePairs'
      : 'the model was trained on a text, not on pairs: convert and evaluatePairs need a model of pairs',
  );
}

/** Evaluates a model of pairs on the pairs in files. */
export async function evaluateFiles(
  { model, device }: LoadedModel,
  paths: readonly string[],
  options: OptionsOf<(typeof modelRows)['evaluatePairs']>,
  ending: Ending,
): Promise<PairEvaluation> {
  const { text, vocabulary } = model;
  const reading = { ...readingOf(options, text.unit, 'error', true), ...columnsOf(model) };
  const beside = conditionReader(reading, knownConditions(model));
  const { ids } = await loadCorpus(paths, {
    ...{ text, vocabulary, minCount: 1, stdin: process.stdin, reading, beside },
    coding: codingOf(text),
    onProgress: () => ending.check(),
  });
  const marks = requireMarks(vocabulary);
  const { pairs } = reportPairs(
    findPairs(ids, marks, beside?.finish().conditions),
    'the text',
    undefined,
  );
  return evaluatePairs(model, device, ids, pairs, marks, searchSettings(options, false));
}
