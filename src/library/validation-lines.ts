/** Measures what the lines of the validation text cost a trained model. */
import { openDevice } from '../backend/open-device.js';
import { quantilesOf } from '../evaluate/line-costs.js';
import { scoreLines } from '../evaluate/score-lines.js';
import type { LineQuantiles } from '../model/line-quantiles.js';
import type { StoredModel } from '../model/model-data.js';
import type { Ids } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { TrainingText } from '../train/job.js';
import type { TrainConfig } from '../train/train-config.js';

/** Min number of lines of the validation text; the costs of fewer lines do not show which costs are rare. */
const minLines = 100;

/**
 * Max number of lines of the validation text that are scored; more would take long with a large model, and these are
 * enough for the 99.9th percentile of their costs.
 */
const maxLines = 10_000;
const maxCharacters = 1 << 19;

const lf = 0x0a;

/**
 * Scores lines of the validation text as `score` does; if the text is long, evenly spaced lines.
 * @returns undefined if the text has too few lines, or the signal ended it
 */
export async function validationQuantiles(
  model: StoredModel,
  { validation, vocabulary, pairs }: TrainingText,
  { backend, threads }: Pick<TrainConfig, 'backend' | 'threads'>,
  signal: AbortSignal,
): Promise<LineQuantiles | undefined> {
  const newline = vocabulary.id(lf);
  if (pairs || newline === vocabulary.unknownId) return undefined;
  const ends = wholeLines(validation, newline);
  if (ends.length - 1 < minLines || signal.aborted) return undefined;
  const device = await openDevice(backend);
  try {
    const groups = textLines(validation, vocabulary, ends, signal);
    const lines = scoreLines(groups, { models: [model], device, threads, characters: false });
    const quantiles = await quantilesOf(lines);
    return signal.aborted ? undefined : quantiles;
  } finally {
    device.close();
  }
}

/** Positions of the line feeds; between any two successive ones is a whole line. */
function wholeLines(ids: Ids, newline: number): number[] {
  const ends: number[] = [];
  for (let at = ids.indexOf(newline); at >= 0; at = ids.indexOf(newline, at + 1)) ends.push(at);
  return ends;
}

/** Number of lines that are passed to scoring at once */
const groupLines = 256;

async function* textLines(
  ids: Ids,
  vocabulary: Vocabulary,
  ends: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array[], void, void> {
  const count = ends.length - 1;
  const share = Math.min(1, maxLines / count, maxCharacters / ids.length);
  const chosen = Math.max(minLines, Math.floor(share * count));
  for (let from = 0; from < chosen && !signal.aborted; from += groupLines) {
    const places = Array.from({ length: Math.min(groupLines, chosen - from) }, (_, i) =>
      Math.floor(((from + i) * count) / chosen),
    );
    yield places.map((i) => vocabulary.decodeBytes(ids.subarray(ends[i] + 1, ends[i + 1])));
  }
}
