/** Shows a training as it goes: a bar on a terminal, lines in a pipe, or events as JSON. */

import { chalkStderr as chalk } from 'chalk';
import { SingleBar } from 'cli-progress';
import { jsonText } from '../messages/quote.js';
import type {
  ProgressEvent,
  RollbackEvent,
  StartEvent,
  TrainEvent,
  ValidationEvent,
} from '../train/events.js';
import { bits, clock, createOutput, grouped, type Output } from './output.js';
import { isSteerable } from './steerable.js';
import { sparkline } from './text-chart.js';

export interface ProgressOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Min seconds between two lines of progress in a pipe */
const lineSeconds = 10;

export interface Progress {
  show(event: TrainEvent): void;
  /** Restores the terminal. */
  stop(): void;
}

export function createProgress({ json, quiet }: ProgressOptions): Progress {
  if (json) return jsonProgress(createOutput(quiet));
  if (quiet) return quietProgress(createOutput(true));
  return isSteerable(process.stderr) ? barProgress() : lineProgress(createOutput(false));
}

function jsonProgress(output: Output): Progress {
  return {
    show(event) {
      showWarning(event, output);
      process.stdout.write(`${jsonText(event)}\n`);
    },
    stop() {},
  };
}

function quietProgress(output: Output): Progress {
  return {
    show(event) {
      showWarning(event, output);
    },
    stop() {},
  };
}

function lineProgress(output: Output): Progress {
  let lastLine = 0;
  return {
    show(event) {
      if (event.type === 'progress') {
        if (event.secondsElapsed - lastLine < lineSeconds) return;
        lastLine = event.secondsElapsed;
        output.note(progressLine(event));
      } else if (event.type === 'validation') {
        lastLine = event.secondsElapsed;
        output.note(validationLine(event), bestMark(event));
      } else showRest(event, output);
    },
    stop() {},
  };
}

const barStyle = {
  stream: process.stderr,
  barsize: 20,
  clearOnComplete: true,
  gracefulExit: false,
  barCompleteChar: '█',
  barIncompleteChar: '░',
};

function barProgress(): Progress {
  const bar = new SingleBar({
    ...barStyle,
    format: `${chalk.cyan('{bar}')} {percentage}% ${chalk.magenta('{curve}')} {line}`,
    hideCursor: true,
  });
  const output = createOutput(false);
  const losses = new LossCurve();
  let running = false;
  const stop = () => {
    if (running) bar.stop();
    running = false;
  };
  return {
    show(event) {
      if (event.type === 'progress') {
        losses.add(event.loss);
        const payload = { line: progressLine(event), curve: losses.draw() };
        if (running) bar.update(event.fraction, payload);
        else bar.start(1, event.fraction, payload);
        running = true;
        return;
      }
      // lines are printed above the bar, which is drawn again with the next progress
      stop();
      if (event.type === 'validation') output.note(validationLine(event), bestMark(event));
      else showRest(event, output);
    },
    stop,
  };
}

export interface FractionProgress {
  /** @param fraction what is done, from 0 to 1 */
  show(fraction: number): void;
  /** Clears what it has shown. */
  stop(): void;
}

/** Progress of a work, shown in a terminal only: the remaining time is extrapolated from the elapsed time. */
export function createFractionProgress(quiet: boolean): FractionProgress {
  if (quiet || !isSteerable(process.stderr)) return { show() {}, stop() {} };
  const bar = new SingleBar({
    ...barStyle,
    format: `${chalk.cyan('{bar}')} {percentage}% {left}`,
    // an interrupt ends the process at once
    hideCursor: false,
  });
  const begin = performance.now();
  let running = false;
  return {
    show(fraction) {
      const seconds = (performance.now() - begin) / 1e3;
      const left = fraction > 0 ? `${clock((seconds * (1 - fraction)) / fraction)} left` : '';
      if (running) bar.update(fraction, { left });
      else bar.start(1, fraction, { left });
      running = true;
    },
    stop() {
      if (running) bar.stop();
      running = false;
    },
  };
}

const curveWidth = 16;

/** The losses since the beginning, thinned to as many as a line can show */
class LossCurve {
  private losses: number[] = [];
  /** The number of losses that one entry averages, and the losses that wait to become an entry */
  private each = 1;
  private waiting: number[] = [];

  add(loss: number): void {
    this.waiting.push(loss);
    if (this.waiting.length < this.each) return;
    this.losses.push(mean(this.waiting));
    this.waiting = [];
    if (this.losses.length < 8 * curveWidth) return;
    this.losses = this.losses.flatMap((x, i, all) => (i % 2 === 1 ? [mean([all[i - 1], x])] : []));
    this.each *= 2;
  }

  draw(): string {
    return sparkline(this.losses, curveWidth);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function showRest(event: TrainEvent, output: Output): void {
  showWarning(event, output);
  if (event.type === 'start') output.note(startLine(event));
}

function showWarning(event: TrainEvent, output: Output): void {
  if (event.type === 'warning') output.warn(event.message);
  if (event.type === 'rollback') output.warn(rollbackLine(event));
}

function startLine(event: StartEvent): string {
  const { batchSize, seqLength, threads, step } = event;
  const texts = `${grouped(event.trainCharacters)} characters, ${grouped(event.validationCharacters)} more for validation`;
  const half = event.precision === 'f32' ? '' : `, products of ${event.precision}`;
  const run = `batch ${batchSize} × ${seqLength}, ${threads} thread${threads === 1 ? '' : 's'}, ${event.backend}${half}`;
  const resumed = step > 0 ? `; resumed at step ${grouped(step)}` : '';
  return `${grouped(event.parameters)} parameters; ${texts}; ${run}${resumed}`;
}

function rollbackLine({ step, loss, rateFactor }: RollbackEvent): string {
  return `the loss diverged after step ${grouped(step)} (${loss.toFixed(2)}): back to the last good model, with ${rateFactor} of the learning rate`;
}

function progressLine(event: ProgressEvent): string {
  const speed = `${(event.charactersPerSecond / 1000).toFixed(1)}k char/s`;
  const left = event.secondsLeft === undefined ? '' : ` · ${clock(event.secondsLeft)} left`;
  return `epoch ${event.epoch.toFixed(2)} · loss ${event.loss.toFixed(3)} · ${bits(event.loss)} bits/char · ${speed}${left}`;
}

function validationLine(event: ValidationEvent): string {
  const { step, epoch, trainLoss, validationLoss, mixtureLoss, secondsElapsed } = event;
  const validation =
    validationLoss === null
      ? ''
      : ` · validation ${validationLoss.toFixed(4)} (${bits(validationLoss)} bits/char)`;
  const mixture =
    mixtureLoss === undefined
      ? ''
      : ` · with counts ${mixtureLoss.toFixed(4)} (${bits(mixtureLoss)})`;
  const train = trainLoss === null ? '' : ` · train ${trainLoss.toFixed(4)}`;
  return `${clock(secondsElapsed)} · step ${grouped(step)} · epoch ${epoch.toFixed(2)}${train}${validation}${mixture}`;
}

function bestMark({ best }: ValidationEvent): string {
  return best ? chalk.green(' best') : '';
}
