/** `charnn score`: each line with its bits per character in front. */
import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { readModel } from '../checkpoint/model-file.js';
import { defaults } from '../cli/options/defaults.js';
import { createOutput } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { evaluate } from '../evaluate/evaluate.js';
import { type ScoredLine, scoreLines } from '../evaluate/score-lines.js';
import type { Model } from '../model/model.js';
import { loadCorpus } from '../text/corpus.js';
import { uniformText, withoutCr } from '../text/encode.js';
import { lineGroups } from '../text/lines.js';
import { findSources } from '../text/sources.js';
import { textArguments } from './text-arguments.js';
import { LineWriter, write } from './write.js';

export interface RawScoreOptions {
  readonly model?: string;
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
  const model = await readModel(raw.model ?? defaults.output);
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);
  const paths = textArguments(texts);

  if (raw.total) {
    const { text, vocabulary } = model;
    const options = { text, vocabulary, minCount: 1, stdin: process.stdin };
    const { ids } = await loadCorpus(paths, options);
    const { bitsPerCharacter } = await evaluate(model, device, ids, { dynamic });
    await write(`${bitsPerCharacter.toFixed(6)}\n`);
    return;
  }

  const sources = await findSources(paths, process.stdin);
  const groups = lineGroups(sources, raw.perChar ? longestPerCharacter : undefined);
  const lines = scoreLines(groups, {
    models: [model],
    device,
    threads: raw.threads ?? usableCores(),
    dynamic,
    characters: raw.perChar ?? false,
  });
  const writer = new LineWriter();
  const least = raw.threshold ?? Number.NEGATIVE_INFINITY;
  for await (const scored of lines) {
    const bits = bitsPerCharacter(scored).toFixed(6);
    // what is shown decides: a threshold taken from the output means that very line
    if (Number(bits) < least) continue;
    if (raw.perChar) await writer.line(perCharacter(scored, model, Number(bits)));
    else await writer.line(`${bits}\t`, scored.line);
  }
  await writer.end();
}

/** 0 for an empty line of a model that does not know line ends */
function bitsPerCharacter({ losses: [{ nats, characters }] }: ScoredLine): number {
  return characters > 0 ? nats / Math.LN2 / characters : 0;
}

/** A line of JSON: the characters, the line's end last, and what each of them cost. */
function perCharacter({ line, losses: [of] }: ScoredLine, { text }: Model, bits: number): string {
  const uniform = `${uniformText(withoutCr(line, text), text)}\n`;
  const characters =
    text.unit === 'byte' ? [...Buffer.from(uniform, 'latin1')] : Array.from(uniform);
  const round = (x: number) => Number(x.toFixed(6));
  return JSON.stringify({
    text: Buffer.from(line).toString('utf8'),
    bits_per_char: bits,
    characters: characters.slice(0, of.characters),
    bits: Array.from(of.losses ?? [], (loss) => round(loss / Math.LN2)),
  });
}
