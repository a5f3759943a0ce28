/** Scores the lines that a program passes. */
import { UsageError } from '../errors.js';
import type { LineLoss } from '../evaluate/line-scorer.js';
import { type ScoredLine, scoreLines } from '../evaluate/score-lines.js';
import { usableCores } from '../machine/cores.js';
import type { Model as ModelData } from '../model/model-data.js';
import type { OptionsOf } from '../options/table.js';
import { withoutCr } from '../text/encode.js';
import { abortable } from './abort.js';
import { kindOf } from './arguments.js';
import type { Ending } from './ending.js';
import type { LoadedModel } from './held.js';
import type { InputLine, LineScore } from './line-scores.js';
import type { modelRows } from './model-options.js';

/** Max number of lines that are scored or converted at once, if that many are available */
const maxGroup = 512;

/**
 * @param call name of the call that was given the lines, for messages
 * @throws UsageError for a value that is not an iterable of lines
 */
export function requireLines(lines: unknown, call: 'score' | 'convert'): void {
  if (
    typeof lines === 'object' &&
    lines !== null &&
    (Symbol.iterator in lines || Symbol.asyncIterator in lines)
  ) {
    return;
  }
  throw new UsageError(`the lines of ${call} must be an iterable of strings, not ${kindOf(lines)}`);
}

/** Scores lines in their order. Lines that have arrived are scored without waiting for more. */
export function scoreInput(
  { model, device, weights }: LoadedModel,
  lines: Iterable<InputLine> | AsyncIterable<InputLine>,
  options: OptionsOf<(typeof modelRows)['score']>,
  ending: Ending,
): AsyncIterable<ScoredLine> {
  const { dynamic = false, countsWeight, perChar = false, threads = usableCores() } = options;
  const { groups, isShort } = lineGroupsOf(lines, (values) => abortable(values, ending.signal));
  return scoreLines(groups, {
    models: [model],
    weights: [weights],
    device,
    threads: isShort ? 1 : threads,
    dynamic,
    countsWeight,
    characters: perChar,
  });
}

/**
 * @param listening wraps an iterable, so that it ends when the library's call has returned or was aborted
 * @returns the lines in groups, each to be scored or converted at once, and whether there are so few lines that
 * starting threads would not pay
 */
export function lineGroupsOf(
  lines: Iterable<InputLine> | AsyncIterable<InputLine>,
  listening: (values: AsyncIterable<InputLine>) => AsyncIterable<InputLine>,
): { readonly groups: AsyncIterable<Uint8Array[]>; readonly isShort: boolean } {
  if (Symbol.asyncIterator in lines) return { groups: eachAlone(listening(lines)), isShort: false };
  return { groups: together(lines), isShort: Array.isArray(lines) && lines.length <= maxGroup };
}

async function* eachAlone(lines: AsyncIterable<InputLine>) {
  for await (const line of lines) yield [bytesOf(line)];
}

async function* together(lines: Iterable<InputLine>) {
  let group: Uint8Array[] = [];
  for (const line of lines) {
    group.push(bytesOf(line));
    if (group.length < maxGroup) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function bytesOf(line: unknown): Uint8Array {
  if (typeof line === 'string') return Buffer.from(line);
  if (line instanceof Uint8Array) return line;
  throw new UsageError(`a line must be a string or bytes, but one is ${kindOf(line)}`);
}

export function scoreOf(line: Uint8Array, loss: LineLoss, { text }: ModelData): LineScore {
  const { nats, characters, unknown, losses } = loss;
  return {
    line: Buffer.from(withoutCr(line, text)).toString('utf8'),
    // an empty line has no characters for a model that does not know line ends
    bitsPerCharacter: characters > 0 ? nats / Math.LN2 / characters : 0,
    nats,
    characters,
    unknown,
    ...(losses && { bits: Array.from(losses, (loss) => loss / Math.LN2) }),
  };
}
