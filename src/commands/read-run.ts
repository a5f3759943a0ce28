/** What a training has left behind, a model with its history or a log of events, as one kind of thing. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { readModel } from '../checkpoint/model-file.js';
import { grouped } from '../cli/output.js';
import { CharnnError, systemReason } from '../errors.js';
import type { Course, RunData } from '../pages/data.js';
import { quote } from '../text/quote.js';

/** Points of a curve: more than a screen has columns. */
const mostPoints = 2000;

type Entry = Readonly<Record<string, unknown>>;

/**
 * @param path a model, or the standard output of `charnn train --json`
 * @throws CharnnError for a file that is neither
 */
export async function readRun(path: string): Promise<RunData> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new CharnnError(`cannot read ${quote(path)}: ${systemReason(cause)}`, 1, { cause });
  });
  const name = basename(path).replace(/\.(json|jsonl|log|ndjson)$/, '');
  if (/^\{\s*"format":/.test(text)) {
    const { config, history } = await readModel(path);
    const { cell, layers, hidden } = config;
    return {
      ...courses([], history, []),
      name,
      model: `${layers} × ${cell} of ${hidden}`,
    };
  }
  const events = readEvents(text);
  const ofType = (type: string) => events.filter((event) => event.type === type);
  const [progress, validations] = [ofType('progress'), ofType('validation')];
  if (progress.length + validations.length === 0) {
    throw new CharnnError(
      `${quote(path)} is neither a model nor a log of charnn train --json with a validation in it`,
    );
  }
  const [start] = ofType('start');
  const parameters = typeof start?.parameters === 'number' ? start.parameters : undefined;
  return {
    ...courses(progress, validations, ofType('sample')),
    name,
    model: parameters === undefined ? undefined : `${grouped(parameters)} parameters`,
  };
}

/** The events of a log; a last line that was cut off, and lines of other kinds, are passed over. */
function readEvents(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    try {
      const event: unknown = JSON.parse(line);
      return typeof event === 'object' && event !== null ? [event as Entry] : [];
    } catch {
      return [];
    }
  });
}

function courses(
  progress: readonly Entry[],
  validations: readonly Entry[],
  samples: readonly Entry[],
) {
  const bits = (nats: number) => nats / Math.LN2;
  // a short training validates more often than it reports progress
  const dense = progress.length > validations.length;
  const often = dense ? progress : validations;
  return {
    training: course(often, dense ? 'loss' : 'trainLoss', bits),
    validation: course(validations, 'validationLoss', bits),
    learningRate: course(often, 'learningRate'),
    gradientNorm: course(often, 'gradientNorm'),
    clipped: course(validations, 'clipped'),
    speed: course(progress, 'charactersPerSecond'),
    samples: samples.flatMap(({ step, text }) =>
      typeof step === 'number' && typeof text === 'string' ? [{ step, text }] : [],
    ),
  };
}

/** The entries that have a finite number of that name; of a resumed training, what it came to last. */
function course(entries: readonly Entry[], key: string, scale = (x: number) => x): Course {
  const byStep = new Map<number, number>();
  for (const { step, [key]: value } of entries) {
    if (typeof step !== 'number' || typeof value !== 'number') continue;
    if (Number.isFinite(step) && Number.isFinite(value)) byStep.set(step, scale(value));
  }
  const points = [...byStep].sort(([a], [b]) => a - b);
  const bin = Math.ceil(points.length / mostPoints);
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
