/** Lines that the user types at a terminal, one after the other, while text is printed in between. */

import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { printable } from '../messages/quote.js';

const sign = '> ';

export class TypedLines {
  private readonly screen = new Screen();
  private readonly reader: Interface;
  /** Lines that were typed while text was printed */
  private readonly waiting: string[] = [];
  private take: ((line: string | undefined) => void) | undefined;
  private ended = false;
  private interrupted = false;

  /** @param words that the tab key completes at the beginning of a line */
  constructor(words: readonly string[]) {
    this.reader = createInterface({
      input: process.stdin,
      output: this.screen,
      terminal: true,
      prompt: sign,
      completer: (line: string) => [
        line === '' ? [] : words.filter((word) => word.startsWith(line)),
        line,
      ],
    });
    this.reader.on('line', (line) => {
      // when several lines are pasted, they arrive at once, and only the first one is awaited
      if (this.take) this.give(line);
      else this.waiting.push(line);
    });
    this.reader.on('close', () => {
      this.ended = true;
      this.give(undefined);
    });
    this.reader.on('SIGINT', () => {
      this.interrupted = true;
      if (this.take) this.startOver();
    });
  }

  /** Shows the prompt sign and waits for a line; undefined at the end of the input. */
  async next(): Promise<string | undefined> {
    const line = this.waiting.shift();
    if (line !== undefined) {
      process.stderr.write(`${sign}${printable(line)}\n`);
      return line;
    }
    if (this.ended) return undefined;
    this.screen.muted = false;
    // readline already has what the user has typed while text was printed, so the cursor stays where it is
    this.reader.prompt(true);
    const typed = await new Promise<string | undefined>((resolve) => {
      this.take = resolve;
    });
    this.screen.muted = true;
    if (typed === undefined) process.stderr.write('\n');
    this.interrupted = false;
    return typed;
  }

  /** Whether the user has asked to end the current output or the program, by Ctrl-C or Ctrl-D. */
  get enough(): boolean {
    return this.interrupted || this.ended;
  }

  /** Restores the terminal. */
  close(): void {
    this.reader.close();
  }

  private give(line: string | undefined): void {
    this.take?.(line);
    this.take = undefined;
  }

  /** Handles Ctrl-C while a line is typed: begins a new line. */
  private startOver(): void {
    const empty = this.reader.line === '';
    process.stderr.write(empty ? '\n(Ctrl-D ends)\n' : '\n');
    this.reader.write(null, { ctrl: true, name: 'e' });
    this.reader.write(null, { ctrl: true, name: 'u' });
  }
}

/** Standard error as readline sees it: while text is printed, what readline writes is dropped. */
class Screen extends Writable {
  muted = false;

  constructor() {
    super();
    process.stderr.on('resize', () => this.emit('resize'));
  }

  get columns(): number {
    return process.stderr.columns;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.muted) done();
    else process.stderr.write(chunk, done);
  }
}
