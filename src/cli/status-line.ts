/**
 * A line at the bottom of the terminal that is redrawn in place. The cursor stays at its beginning: if the window
 * becomes narrower and the terminal breaks the line, all parts of it are after the cursor and are cleared.
 */
import { chalkStderr } from 'chalk';
import { isSteerable } from './steerable.js';
import { textWidth } from './text-width.js';

export interface StatusField {
  readonly text: string;
  /** If the status line has no room for all fields, those with the lowest ranks, the most important ones, are shown */
  readonly rank: number;
  readonly colour?: ((text: string) => string) | undefined;
}

const between = ' · ';

/** Joins the most important fields of a status line, as many as fit, in the order given. */
export function statusText(fields: readonly StatusField[], columns: number): string {
  const byRank = [...fields].sort((a, b) => a.rank - b.rank);
  const shown = new Set<StatusField>();
  let room = columns;
  for (const field of byRank) {
    room -= textWidth(field.text) + (shown.size > 0 ? between.length : 0);
    if (room < 0) break;
    shown.add(field);
  }
  const texts = fields.filter((field) => shown.has(field));
  return texts
    .map(({ text, colour = (x: string) => x }) => colour(text))
    .join(chalkStderr.dim(between));
}

const clearBelow = '\x1b[J';

class StatusLine {
  private fields: readonly StatusField[] | undefined;
  private readonly listeners: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGTSTP', () => this.stopProcess()],
    ['SIGCONT', () => this.draw()],
  ];
  private readonly onResize = () => this.draw();
  private readonly onExit = () => this.clear();

  /**
   * Shows the fields that fit into the status line, in place of the former ones. It shows nothing if the cursor cannot
   * be moved.
   */
  show(fields: readonly StatusField[]): void {
    if (!isSteerable(process.stderr)) return;
    if (this.fields === undefined) this.listen();
    this.fields = fields;
    this.draw();
  }

  /** Removes the status line. */
  stop(): void {
    if (this.fields === undefined) return;
    this.clear();
    this.fields = undefined;
    process.off('exit', this.onExit);
    this.hold();
  }

  /**
   * Lets signals have their default effect while the thread computes without pauses, because no listener would be
   * called during this time. The status line stays until `stop`.
   */
  hold(): void {
    process.stderr.off('resize', this.onResize);
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
  }

  /** Writes something above the status line. */
  aside(write: () => void): void {
    if (this.fields !== undefined) this.clear();
    write();
    this.draw();
  }

  private listen(): void {
    process.stderr.on('resize', this.onResize);
    process.on('exit', this.onExit);
    for (const [signal, listener] of this.listeners) process.on(signal, listener);
  }

  private draw(): void {
    if (this.fields === undefined) return;
    // some terminals begin a new line as soon as the last column is written
    const text = statusText(this.fields, (process.stderr.columns || 80) - 1);
    process.stderr.write(`\r${text}${clearBelow}\r`);
  }

  private clear(): void {
    process.stderr.write(`\r${clearBelow}`);
  }

  /** Handles Ctrl-Z, so that the shell's prompt appears on an empty line. */
  private stopProcess(): void {
    this.clear();
    process.kill(process.pid, 'SIGSTOP');
  }
}

/** The status line of the terminal. */
export const statusLine = new StatusLine();
