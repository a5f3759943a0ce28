/** Reads the progress of a training run from a model, which has a history, or from a log of events. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readAnyModel } from '../../checkpoint/model-file.js';
import { grouped } from '../../cli/output.js';
import { CharnnError, systemReason, UsageError } from '../../errors.js';
import { ownKind } from '../../files/own-kinds.js';
import { quote } from '../../messages/quote.js';
import type { RunData, Series } from '../../pages/data.js';
import { maxRecordBytes } from '../../text/line-splitter.js';
import { linesOf } from '../../text/lines.js';
import { startOf } from '../../text/open-file.js';
import { findSources } from '../../text/sources.js';

/** Max number of points in a curve: more than most screens have columns of pixels */
const maxPoints = 2000;

type Entry = Readonly<Record<string, unknown>>;

/**
 * @param path a model, or a log: the standard output of `charnn train --json` in a file, a pipe, or with `-` on
 * standard input
 * @throws CharnnError for a file that is neither
 */
export async function readRun(path: string): Promise<RunData> {
  const name = path === '-' ? 'standard input' : basename(path).replace(ending, '');
  if (await isModel(path)) {
    const { config, history, training } = await readAnyModel(path);
    const clipNorm = normLimit(training?.clip);
    return { ...allSeries([], history, []), name, model: sizeOf(config), clipNorm };
  }
  const { start, progress, validations, samples } = await readLog(path);
  if (progress.length + validations.length === 0) {
    throw new CharnnError(
      `${quote(path)} is neither a model nor a log of charnn train --json that contains a validation`,
    );
  }
  const clipNorm = typeof start?.clipNorm === 'number' ? start.clipNorm : undefined;
  const series = allSeries(progress, validations, samples);
  return { ...series, name, model: networkOf(start), clipNorm };
}

/**
 * Returns the norm to which gradients were limited, from the `clip` field in a model's record of its training. A model
 * may come from anywhere, so the values are checked.
 */
function normLimit(clip: unknown): number | undefined {
  const { name, limit } = (clip ?? {}) as Entry;
  return name === 'norm' && typeof limit === 'number' && limit > 0 ? limit : undefined;
}

const ending = /\.(json|jsonl|log|ndjson)$/;

/**
 * A pipe cannot be inspected without consuming it, so it counts as a log; people rarely pass a model through a pipe.
 */
async function isModel(path: string): Promise<boolean> {
  if (path === '-') return false;
  const stats = await stat(path).catch((cause) => {
    throw new CharnnError(`cannot read ${quote(path)}: ${systemReason(cause)}`, 1, { cause });
  });
  if (stats.isDirectory()) {
    throw new UsageError(`${quote(path)} is a folder: name the models and logs in it`);
  }
  if (!stats.isFile()) return false;
  const kind = ownKind(await startOf(path));
  // a training state is read like a model here, so that the error message says that it is a training state
  return kind === 'model' || kind === 'state';
}

interface Log {
  start: Entry | undefined;
  readonly progress: Entry[];
  readonly validations: Entry[];
  readonly samples: Entry[];
}

/** Reads the events of a log, skipping a last line that was cut off and lines that are not events. */
async function readLog(path: string): Promise<Log> {
  const log: Log = { start: undefined, progress: [], validations: [], samples: [] };
  const sources = await findSources([path], process.stdin);
  for await (const line of linesOf(sources, { maxBytes: maxRecordBytes })) {
    const event = eventOf(line);
    if (event?.type === 'progress') log.progress.push(event);
    else if (event?.type === 'validation') log.validations.push(event);
    else if (event?.type === 'sample') log.samples.push(event);
    else if (event?.type === 'start') log.start = event;
  }
  return log;
}

function eventOf(line: Buffer): Entry | undefined {
  try {
    const event: unknown = JSON.parse(line.toString());
    return typeof event === 'object' && event !== null ? (event as Entry) : undefined;
  } catch {
    return undefined;
  }
}

/** Describes the network of a log. A log may come from anywhere, so its fields are checked. */
function networkOf(start: Entry | undefined): string | undefined {
  const { cell, layers, hidden } = (start?.model ?? {}) as Entry;
  if (typeof cell === 'string' && typeof layers === 'number' && typeof hidden === 'number') {
    return sizeOf({ cell, layers, hidden });
  }
  return typeof start?.parameters === 'number'
    ? `${grouped(start.parameters)} parameters`
    : undefined;
}

function sizeOf({ cell, layers, hidden }: { cell: string; layers: number; hidden: number }) {
  return `${layers} × ${cell} of ${hidden}`;
}

function allSeries(
  progress: readonly Entry[],
  validations: readonly Entry[],
  samples: readonly Entry[],
) {
  const bits = (nats: number) => nats / Math.LN2;
  // the more frequent events give the curves: a short training run validates more often than it reports progress
  const dense = progress.length > validations.length;
  const often = dense ? progress : validations;
  return {
    training: seriesOf(often, dense ? 'loss' : 'trainLoss', bits),
    validation: seriesOf(validations, 'validationLoss', bits),
    learningRate: seriesOf(often, 'learningRate'),
    gradientNorm: seriesOf(often, 'gradientNorm'),
    maxGradientNorm: seriesOf(validations, 'maxGradientNorm'),
    lastGradientNorm: seriesOf(validations, 'lastGradientNorm'),
    clipped: seriesOf(validations, 'clipped'),
    speed: seriesOf(progress, 'charactersPerSecond'),
    samples: samples.flatMap(({ step, text }) =>
      typeof step === 'number' && typeof text === 'string' ? [{ step, text }] : [],
    ),
  };
}

/**
 * The finite numbers in the field `key` of a training run's events or validations, by step; where a resumed training
 * run has repeated steps, the later number is used.
 */
function seriesOf(entries: readonly Entry[], key: string, scale = (x: number) => x): Series {
  const byStep = new Map<number, number>();
  for (const { step, [key]: value } of entries) {
    if (typeof step !== 'number' || typeof value !== 'number') continue;
    if (Number.isFinite(step) && Number.isFinite(value)) byStep.set(step, scale(value));
  }
  const points = [...byStep].sort(([a], [b]) => a - b);
  const bin = Math.ceil(points.length / maxPoints);
  const thinned =
    bin <= 1
      ? points
      : Array.from({ length: Math.ceil(points.length / bin) }, (_, i) => {
          const part = points.slice(i * bin, (i + 1) * bin);
          const mean = part.reduce((sum, [, value]) => sum + value, 0) / part.length;
          return [part[part.length - 1][0], mean] as const;
        });
  return { steps: thinned.map(([step]) => step), values: thinned.map(([, value]) => value) };
}
