/** Shows the progress of a training run: a status line on a terminal, lines in a pipe, or events as JSON. */

import { chalkStderr as chalk } from 'chalk';
import { jsonText, printableLines } from '../messages/quote.js';
import type { TrainEvent } from '../train/events.js';
import { clock, createOutput, type Output } from './output.js';
import { statusLine } from './status-line.js';
import { isSteerable } from './steerable.js';
import { sparkline } from './text-chart.js';
import {
  bestMark,
  percent,
  phaseWords,
  progressFields,
  progressLine,
  rollbackLine,
  sampleLines,
  startLine,
  validationLine,
} from './training-words.js';

export interface ProgressOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Min seconds between two lines of progress in a pipe */
const lineSeconds = 10;

export interface Progress {
  show(event: TrainEvent): void;
  /** Removes the status line, if there is one. */
  stop(): void;
}

export function createProgress({ json, quiet }: ProgressOptions): Progress {
  if (json) return jsonProgress(createOutput(quiet));
  if (quiet) return quietProgress(createOutput(true));
  const output = createOutput(false);
  return isSteerable(process.stderr) ? terminalProgress(output) : lineProgress(output);
}

function jsonProgress(output: Output): Progress {
  return {
    show(event) {
      showWarning(event, output);
      // phase events are left out: a log reports what has happened, and they only tell what is being done, and how much
      // of it is done
      if (event.type === 'phase') return;
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
        return;
      }
      if (event.type === 'validation') lastLine = event.secondsElapsed;
      showRest(event, output);
    },
    stop() {},
  };
}

function terminalProgress(output: Output): Progress {
  const losses = new LossCurve();
  let isValidating = false;
  return {
    show(event) {
      if (event.type === 'phase') {
        isValidating = event.phase !== 'training';
        const share = event.fraction === undefined ? [] : [percent(event.fraction)];
        const texts = [phaseWords[event.phase], ...share];
        statusLine.show(texts.map((text, i) => ({ text, rank: 1 - i })));
        if (event.phase === 'comparing') statusLine.hold();
      } else if (event.type === 'progress') {
        // progress is reported during a validation as well, but no steps are made then, so there is nothing new to show
        if (isValidating) return;
        losses.add(event.loss);
        statusLine.show(progressFields(event, losses.draw()));
      } else showRest(event, output);
    },
    stop: () => statusLine.stop(),
  };
}

export interface FractionProgress {
  /** @param fraction the part that is done, from 0 to 1 */
  show(fraction: number): void;
  /** Removes the shown progress from the terminal. */
  stop(): void;
}

/** Shows the progress of some work, on a terminal only: the remaining time is extrapolated from the elapsed time. */
export function createFractionProgress(quiet: boolean): FractionProgress {
  if (quiet || !isSteerable(process.stderr)) return { show() {}, stop() {} };
  const begin = performance.now();
  return {
    show(fraction) {
      const seconds = (performance.now() - begin) / 1e3;
      const left = fraction > 0 ? `${clock((seconds * (1 - fraction)) / fraction)} left` : '';
      statusLine.show([
        { text: percent(fraction), rank: 2 },
        ...(left === '' ? [] : [{ text: left, rank: 1, colour: chalk.bold }]),
      ]);
    },
    stop: () => statusLine.stop(),
  };
}

const curveWidth = 16;

/** The losses since the beginning, thinned to as many as fit on a line */
class LossCurve {
  private losses: number[] = [];
  /** The number of losses whose mean is an entry of `losses`, and the losses collected for the next entry */
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
  if (event.type === 'validation') output.note(validationLine(event), bestMark(event));
  if (event.type === 'sample') showSample(event.text, output);
}

function showSample(text: string, output: Output): void {
  const lines = sampleLines(text, process.stderr.columns || 80);
  if (lines.trim() !== '') output.note('', chalk.dim(printableLines(lines)));
}

function showWarning(event: TrainEvent, output: Output): void {
  if (event.type === 'warning') output.warn(event.message);
  if (event.type === 'rollback') output.warn(rollbackLine(event));
}
