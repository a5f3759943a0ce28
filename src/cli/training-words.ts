/** What is printed about a training run while it runs; losses are in bits per character everywhere. */
import { createRequire } from 'node:module';
import { chalkStderr as chalk } from 'chalk';
import type cliProgress from 'cli-progress';
import type {
  Phase,
  ProgressEvent,
  RollbackEvent,
  StartEvent,
  ValidationEvent,
} from '../train/events.js';
import { bits, clock, grouped } from './output.js';
import type { StatusField } from './status-line.js';
import { cutTo, wrapped } from './text-width.js';

export const phaseWords: Readonly<Record<Phase, string>> = {
  reading: 'reading the text',
  measuring: 'measuring how fast this machine is',
  counting: 'counting n-grams',
  training: 'training',
  validating: 'validating',
  judging: 'measuring the lines of the validation text',
  comparing: 'comparing with an n-gram model and compressors',
};

const barStyle = {
  barsize: 16,
  barCompleteString: '█'.repeat(16),
  barIncompleteString: '░'.repeat(16),
  barGlue: '',
};

const require = createRequire(import.meta.url);

function bar(fraction: number): string {
  // loaded only when a bar is drawn, because most commands draw none
  const { Format } = require('cli-progress') as typeof cliProgress;
  return Format.BarFormat(fraction, barStyle);
}

/** @param curve the losses so far, as a sparkline */
export function progressFields(event: ProgressEvent, curve: string): StatusField[] {
  const { secondsLeft, fraction, epoch, loss, charactersPerSecond } = event;
  return [
    { text: phaseWords.training, rank: 5 },
    { text: bar(fraction), rank: 6, colour: chalk.cyan },
    { text: percent(fraction), rank: 4 },
    ...(secondsLeft === undefined
      ? []
      : [{ text: `${clock(secondsLeft)} left`, rank: 1, colour: chalk.bold }]),
    { text: `${bits(loss)} bits/char`, rank: 2 },
    { text: speedOf(charactersPerSecond), rank: 3 },
    { text: `epoch ${epoch.toFixed(2)}`, rank: 7 },
    ...(curve === '' ? [] : [{ text: curve, rank: 8, colour: chalk.magenta }]),
  ];
}

export function percent(fraction: number): string {
  return `${Math.floor(100 * fraction)} %`;
}

function speedOf(charactersPerSecond: number): string {
  return `${(charactersPerSecond / 1000).toFixed(1)}k char/s`;
}

export function progressLine(event: ProgressEvent): string {
  const { epoch, loss, charactersPerSecond, secondsLeft } = event;
  const left = secondsLeft === undefined ? '' : ` · ${clock(secondsLeft)} left`;
  return `epoch ${epoch.toFixed(2)} · ${bits(loss)} bits/char · ${speedOf(charactersPerSecond)}${left}`;
}

export function startLine(event: StartEvent): string {
  const { batchSize, seqLength, threads, step } = event;
  const texts = `${grouped(event.trainCharacters)} characters, ${grouped(event.validationCharacters)} more for validation`;
  const half = event.precision === 'f32' ? '' : `, matrix products in ${event.precision}`;
  const run = `batch ${batchSize} × ${seqLength}, ${threads} thread${threads === 1 ? '' : 's'}, ${event.backend}${half}`;
  const resumed = step > 0 ? `; resumed at step ${grouped(step)}` : '';
  return `${grouped(event.parameters)} parameters; ${texts}; ${run}${resumed}`;
}

export function rollbackLine({ step, loss, rateFactor }: RollbackEvent): string {
  return `the loss diverged after step ${grouped(step)} (${bits(loss)} bits/char): going back to the last good model, with the learning rate multiplied by ${rateFactor}`;
}

export function validationLine(event: ValidationEvent): string {
  const { step, epoch, trainLoss, validationLoss, mixtureLoss, secondsElapsed } = event;
  const losses = [
    trainLoss === null ? '' : ` · train ${bits(trainLoss)}`,
    validationLoss === null ? '' : ` · validation ${bits(validationLoss)}`,
    mixtureLoss === undefined ? '' : ` · with counts ${bits(mixtureLoss)}`,
  ].join('');
  const unit = losses === '' ? '' : ' bits/char';
  return `${clock(secondsElapsed)} · step ${grouped(step)} · epoch ${epoch.toFixed(2)}${losses}${unit}`;
}

export function bestMark({ best }: ValidationEvent): string {
  return best ? chalk.green(' best') : '';
}

/** The beginning of a sample from the model, in at most two lines. */
export function sampleLines(text: string, columns: number): string {
  const width = Math.min(columns, 100) - 4;
  const line = text
    .trim()
    .replace(/\s*\n\s*/g, ' ⏎ ')
    .replace(/\t/g, ' ');
  const lines = wrapped(line, width).split('\n').slice(0, 2);
  return lines.map((one) => `    ${cutTo(one, width)}`).join('\n');
}
