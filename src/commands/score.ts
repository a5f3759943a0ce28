/** `charnn score`: each line with its bits per character in front. */

import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { createOutput } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { evaluate } from '../evaluate/evaluate.js';
import { type ScoredLine, scoreLines } from '../evaluate/score-lines.js';
import type { Model } from '../model/model.js';
import { loadCorpus } from '../text/corpus.js';
import { uniformText, withoutCr } from '../text/encode.js';
import { lineGroups } from '../text/lines.js';
import { jsonText } from '../text/quote.js';
import { findSources } from '../text/sources.js';
import { readChosenModel } from './chosen-model.js';
import { textArguments } from './text-arguments.js';
import { folderReporter, type RawReadingOptions, readingOf } from './text-reading.js';
import { noteUnknown } from './unknown-note.js';
import { LineWriter, write } from './write.js';

export interface RawScoreOptions extends RawReadingOptions {
  readonly model?: string;
  readonly last?: boolean;
  readonly total?: boolean;
  readonly dynamic?: boolean;
  readonly perChar?: boolean;
  readonly threshold?: number;
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

/** Bytes of a line whose JSON is still a string that V8 can make */
const longestPerCharacter = 10e6;

export async function score(texts: readonly string[], raw: RawScoreOptions): Promise<void> {
  if (raw.total && (raw.perChar || raw.threshold !== undefined)) {
    throw new UsageError('--total is one number: leave out --per-char and --threshold');
  }
  const output = createOutput(raw.quiet ?? false);
  const dynamic = raw.dynamic ?? false;
  const model = await readChosenModel(raw);
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);
  const paths = textArguments(texts);
  const { text, vocabulary } = model;
  const onFolder = folderReporter(output);
  const reading = readingOf(raw, text.unit, raw.total ? 'error' : 'replace');

  if (raw.total) {
    const options = { text, vocabulary, minCount: 1, stdin: process.stdin, reading, onFolder };
    const { ids, unknown } = await loadCorpus(paths, options);
    const { bitsPerCharacter } = await evaluate(model, device, ids, { dynamic });
    await write(`${bitsPerCharacter.toFixed(6)}\n`);
    noteUnknown(unknown, vocabulary, output);
    return;
  }

  const { unit } = text;
  const sources = await findSources(paths, process.stdin, { reading, unit, onFolder });
  const longest = raw.perChar ? longestPerCharacter : undefined;
  const groups = lineGroups(sources, { reading, unit, longest });
  const lines = scoreLines(groups, {
    models: [model],
    device,
    threads: raw.threads ?? usableCores(),
    dynamic,
    characters: raw.perChar ?? false,
  });
  const writer = new LineWriter();
  const least = raw.threshold ?? Number.NEGATIVE_INFINITY;
  let unknown = 0;
  for await (const scored of lines) {
    unknown += scored.losses[0].unknown;
    const bits = bitsPerCharacter(scored).toFixed(6);
    // what is shown decides: a threshold taken from the output means that very line
    if (Number(bits) < least) continue;
    if (raw.perChar) await writer.line(perCharacter(scored, model, Number(bits)));
    else await writer.line(`${bits}\t`, withoutCr(scored.line, text));
  }
  await writer.end();
  noteUnknown(unknown, model.vocabulary, output);
}

/** 0 for an empty line of a model that does not know line ends */
function bitsPerCharacter({ losses: [{ nats, characters }] }: ScoredLine): number {
  return characters > 0 ? nats / Math.LN2 / characters : 0;
}

/** A line of JSON: the characters, the line's end last, and what each of them cost. */
function perCharacter({ line, losses: [of] }: ScoredLine, { text }: Model, bits: number): string {
  const shown = withoutCr(line, text);
  const uniform = `${uniformText(shown, text)}\n`;
  const characters =
    text.unit === 'byte' ? [...Buffer.from(uniform, 'latin1')] : Array.from(uniform);
  const round = (x: number) => Number(x.toFixed(6));
  return jsonText({
    text: Buffer.from(shown).toString('utf8'),
    bits_per_char: bits,
    characters: characters.slice(0, of.characters),
    bits: Array.from(of.losses ?? [], (loss) => round(loss / Math.LN2)),
  });
}
