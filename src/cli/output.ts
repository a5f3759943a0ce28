/**
 * Messages to the user, on standard error. They contain names and values from files, so everything that could control
 * the terminal is escaped here.
 */
import { chalkStderr } from 'chalk';
import { spelt } from '../errors.js';
import { printable, printableLines } from '../messages/quote.js';
import { flagOf } from '../options/table.js';
import { statusLine } from './status-line.js';
import { wrapped } from './text-width.js';

export interface Output {
  /**
   * Prints a note: something the user should know but need not act on.
   * @param mark follows the message; it is not escaped, because it is charnn's own text, with codes for colours
   */
  note(message: string, mark?: string): void;
  /** Prints a warning: something may not be as the user wants it. It is printed even with --quiet. */
  warn(message: string): void;
}

export function createOutput(quiet: boolean): Output {
  return {
    note(message, mark = '') {
      if (!quiet) print(`${printableLines(spelt(message, flagOf))}${mark}`);
    },
    warn(message) {
      print(`${chalkStderr.yellow('warning:')} ${printable(spelt(message, flagOf))}`);
    },
  };
}

/** Prints lines above the status line; they are broken between words at the terminal's width. */
function print(text: string): void {
  const { isTTY, columns } = process.stderr;
  const lines = isTTY && columns > 0 ? wrapped(text, columns) : text;
  statusLine.aside(() => process.stderr.write(`${lines}\n`));
}

export { grouped } from '../messages/quote.js';

/** Converts nats to bits per character, as shown to users. */
export function bits(nats: number): string {
  return (nats / Math.LN2).toFixed(3);
}

/** Formats seconds: 3725 → 1h02m; 125 → 2m05s; 12 → 12s */
export function clock(seconds: number): string {
  const s = Math.round(seconds);
  const two = (x: number) => String(x).padStart(2, '0');
  if (s >= 3600) return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
  return s >= 60 ? `${Math.floor(s / 60)}m${two(s % 60)}s` : `${s}s`;
}
