/** Samples records as a program asks for them, with options. */

import { UsageError } from '../errors.js';
import { usableCores } from '../machine/cores.js';
import type { Model as ModelData } from '../model/model-data.js';
import { checkOptions, type OptionsOf } from '../options/table.js';
import { listed } from '../options/types.js';
import { beamSearch } from '../sample/beam.js';
import { generate } from '../sample/generate.js';
import {
  notIn,
  notInTexts,
  selectRecords,
  unseen,
  wholeRecords,
} from '../sample/record-filters.js';
import type { DrawOptions } from '../sample/sample-rows.js';
import { sampleSettings } from '../sample/sample-settings.js';
import { prepareText } from '../text/decode.js';
import { idsInMemory } from '../text/id-list.js';
import { newIds } from '../text/ids.js';
import type { Ids } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import { requirePaths } from './arguments.js';
import type { Ending } from './ending.js';
import { type HeldText, type LoadedModel, textOf } from './held.js';
import { modelRows } from './model-options.js';
import { breather } from './operations.js';

type RecordOptions = OptionsOf<(typeof modelRows)['sample']>;

/** @throws UsageError naming an option that is unknown or out of range */
export function checkSampling(
  options: Record<string, unknown>,
  what: 'sample' | 'sampleText',
): asserts options is RecordOptions {
  checkOptions(modelRows[what], options, what);
}

/**
 * Samples the records that the options ask for.
 * @returns their ids, without those of the prompts
 * @throws UsageError for options that contradict each other, and for an expression that no record matches
 */
export async function* drawRecords(
  loaded: LoadedModel,
  options: RecordOptions,
  ending: Ending,
): AsyncGenerator<{ readonly ids: readonly number[] }, void, void> {
  const { count = 1, beam, unique } = options;
  const { model, device, weights } = loaded;
  if (beam !== undefined) {
    const { prompt, settings } = drawingOf(options, model);
    const pause = breather(ending);
    const found = await beamSearch(model, device, {
      ...{ prompt, settings, width: beam, weights, pause },
    });
    yield* found.slice(0, count);
    return;
  }
  const isNovel = await noveltyOf(options.novel, model, ending);
  if (isNovel === undefined && unique !== true) {
    yield* wholeRecords(drawPieces(loaded, options, ending));
    return;
  }
  const isList = Array.isArray(options.prompt);
  const prompts = listed(options.prompt ?? '').map((text) => Array.from(idsOf(text, model)));
  const isFresh = unique ? unseen() : () => true;
  const wanted = isList ? Number.POSITIVE_INFINITY : count;
  yield* selectRecords(
    wholeRecords(drawPieces(loaded, options, ending)),
    ({ index, ids }) => {
      const whole = [...prompts[isList ? Math.floor(index / count) : 0], ...ids];
      return isFresh(whole) && isNovel?.(whole) !== false;
    },
    wanted,
  );
}

/**
 * Samples records in pieces. If the caller may reject records (`unique`, `novel`) and there is no list of prompts, it
 * continues until the caller stops.
 */
export async function* drawPieces(
  { model, device, weights, idleBatch }: LoadedModel,
  options: RecordOptions,
  ending: Ending,
) {
  const { prompt, jobs, settings } = drawingOf(options, model);
  const { count = 1, threads = usableCores(), unique, novel } = options;
  const isEndless = jobs === undefined && (unique === true || novel !== undefined);
  const ofOne = isEndless ? Number.POSITIVE_INFINITY : count;
  const pieces = generate(repeatedJobs(jobs ?? [[]], ofOne), {
    ...{ model, device, weights, settings, prompt, threads },
    idle: idleBatch,
    expected: ofOne * (jobs?.length ?? 1),
  });
  for await (const piece of pieces) {
    ending.check();
    yield piece;
  }
}

function* repeatedJobs(jobs: readonly ArrayLike<number>[], count: number) {
  for (const job of jobs) for (let i = 0; i < count; i++) yield job;
}

/**
 * Makes the settings and encodes the prompts: the ids that all records continue and, with a list of prompts, the ids
 * that each record continues.
 */
function drawingOf(options: RecordOptions, model: ModelData) {
  const { temperature: temp, temperatureSchedule: tempSchedule, prompt: given, ...same } = options;
  const isList = Array.isArray(given);
  const prompts = listed(given ?? '');
  const drawing: DrawOptions = {
    ...same,
    ...(temp !== undefined && { temp }),
    ...(tempSchedule !== undefined && { tempSchedule }),
  };
  const isPrompted = prompts.some((text) => text !== '');
  // warnings about stop sequences that can never occur are dropped, because such sequences have no effect
  const settings = sampleSettings(drawing, model, { isPrompted, isList }, () => {});
  const ids = prompts.map((text) => idsOf(text, model));
  return isList
    ? { settings, prompt: [], jobs: ids }
    : { settings, prompt: ids[0], jobs: undefined };
}

/** Makes a test whether a record occurs nowhere in the texts; undefined if no texts are given. */
async function noveltyOf(
  novel: RecordOptions['novel'],
  model: ModelData,
  ending: Ending,
): Promise<((ids: ArrayLike<number>) => boolean) | undefined> {
  if (novel === undefined) return undefined;
  const held = typeof novel === 'object' ? textOf(novel) : undefined;
  if (held !== undefined) return notIn(idsFor(model, held));
  const paths = requirePaths(novel, 'option novel');
  return notInTexts(paths, model, { onProgress: () => ending.check() });
}

/** The ids of a corpus in the vocabulary of a model. */
function idsFor({ vocabulary, text }: ModelData, { loaded }: HeldText): Ids {
  for (const key of ['unit', 'normalize', 'keepCr'] as const) {
    const [own, wanted] = [loaded.text[key], text[key]];
    if (own === wanted) continue;
    throw new UsageError(
      `the corpus of option novel was read with ${key} ${own ?? 'absent'}, and the model's text with ${wanted ?? 'absent'}: load the corpus in the same way as the model's text`,
    );
  }
  const { corpus } = loaded;
  const map = corpus.vocabulary.mapFrom(vocabulary);
  const read = idsInMemory(corpus.ids);
  const ids = newIds(vocabulary.size, read.length);
  for (let i = 0; i < ids.length; i++) {
    const id = map[read[i]];
    ids[i] = id < 0 ? vocabulary.unknownId : id;
  }
  return ids;
}

/** The ids of a string, normalised as a corpus is */
export function idsOf(given: string, { vocabulary, text: rules }: ModelData): Ids {
  const uniform = prepareText(given, rules);
  return vocabulary.encode(rules.unit === 'byte' ? Buffer.from(uniform) : uniform).ids;
}

/** Pieces of one text as strings. The bytes of one character may be in two pieces. */
export async function* decodedPieces(
  pieces: AsyncIterable<{ readonly value: ArrayLike<number>; readonly done: boolean }>,
  vocabulary: Vocabulary,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const { value, done } of pieces) {
    const piece = decoder.decode(vocabulary.decodeBytes(value), { stream: !done });
    if (piece !== '') yield piece;
  }
}
