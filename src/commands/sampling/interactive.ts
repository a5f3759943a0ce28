/** `charnn sample --interactive`: a person types lines at a terminal, and the model continues them. */

import { openDevice } from '../../backend/open-device.js';
import { adjust, optionValues } from '../../cli/option.js';
import { createOutput, type Output } from '../../cli/output.js';
import { TypedLines } from '../../cli/typed-lines.js';
import { spelt, UsageError } from '../../errors.js';
import { readingOf } from '../../library/text-reading.js';
import { printable } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import { flagOf, kebab } from '../../options/table.js';
import { Session } from '../../sample/session.js';
import type { SampleSettings } from '../../sample/settings.js';
import { readChosenModel } from '../input/chosen-model.js';
import { promptEncoder, readCommonPrompt } from '../input/prompt.js';
import { write } from '../output/write.js';
import { commandSettings } from './command-settings.js';
import { type CommandSampleOptions, sampleTable } from './sample-options.js';

/** Options about many records, which make no sense in a conversation */
const ofRecords = ['count', 'null', 'unique', 'novel', 'complete', 'beam'] as const;

/** Options that can be changed by typing a line such as `/temp 0.8` */
const adjustable = [
  ...['length', 'seed', 'stop', 'until', 'temp', 'tempSchedule', 'topK', 'topP', 'minP'],
  ...['typical', 'banRepeats', 'allow', 'match', 'greedy'],
];

const help = `The model continues the line that you type; after an empty line it continues its text.
  /temp 0.8   set an option for the lines that follow; without a value: restore it
  /again      draw the last continuation again, from the same place
  /options    list all options and their values
  //text      type a line that begins with /text
Ctrl-C ends a continuation, Ctrl-D ends the program.`;

export async function interact(path: string, options: CommandSampleOptions): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      '--interactive needs a terminal: in a pipe, give the text with --prompt-file - or --complete -',
    );
  }
  for (const key of ofRecords) {
    if (options[key] === undefined) continue;
    throw new UsageError(`--interactive continues lines that you type: leave out ${flagOf(key)}`);
  }
  if (options.promptFile === '-') {
    throw new UsageError('--interactive reads standard input itself: leave out --prompt-file -');
  }
  const output = createOutput(options.quiet ?? false);
  const model = await readChosenModel(path, options.label, options.last);
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);
  const dialogue = new Dialogue(
    model,
    new Session(model, device.operations, options.countsWeight),
    options,
    output,
  );
  await dialogue.begin();
  const { cell, layers, hidden } = model.config;
  output.note(`${cell}, ${layers} × ${hidden}; /help lists what you can type, Ctrl-D quits`);
  const lines = new TypedLines(
    [...adjustable.map(kebab), 'again', 'options', 'help'].map((n) => `/${n}`),
  );
  try {
    for (;;) {
      const line = await lines.next();
      if (line === undefined) return;
      await dialogue.answer(line, lines);
    }
  } finally {
    lines.close();
  }
}

class Dialogue {
  private readonly original: CommandSampleOptions;
  /** The options with the changes that the user has typed */
  private current: CommandSampleOptions;
  private settings: SampleSettings;
  /** The ids of the common prompt, with which every text begins */
  private common: readonly number[] = [];

  constructor(
    private readonly model: Model,
    private readonly session: Session,
    given: CommandSampleOptions,
    private readonly output: Output,
  ) {
    this.original = { ...given, seed: given.seed ?? Math.floor(Math.random() * 2 ** 32) };
    this.current = this.original;
    this.settings = commandSettings(this.current, model, output);
  }

  async begin(): Promise<void> {
    const { unit } = this.model.text;
    const reading = readingOf(this.current, unit, 'replace');
    const encode = promptEncoder(this.model, this.output);
    const { ids } = await readCommonPrompt(this.current, encode, { reading, unit });
    this.common = Array.from(ids);
    this.session.begin(this.common);
  }

  async answer(line: string, lines: TypedLines): Promise<void> {
    if (line.startsWith('/') && !line.startsWith('//')) return this.obey(line.slice(1), lines);
    const bytes = Buffer.from(line.startsWith('//') ? line.slice(1) : line);
    if (bytes.length > 0) {
      const { ids } = promptEncoder(this.model, this.output)(bytes);
      this.session.begin([...this.common, ...Array.from(ids)]);
    }
    await this.goOn(lines, (this.current.echo ?? true) ? bytes : Buffer.alloc(0));
  }

  private async obey(command: string, lines: TypedLines): Promise<void> {
    const name = command.trim();
    if (name === 'again') {
      this.session.rewind();
      await this.goOn(lines, Buffer.alloc(0));
    } else if (name === 'options') this.showOptions();
    else if (name === 'help') process.stderr.write(`${help}\n`);
    else this.change(command);
  }

  private change(command: string): void {
    try {
      const changed = adjust(
        sampleTable,
        adjustable,
        { now: this.current, original: this.original },
        command,
      );
      this.settings = commandSettings(changed, this.model, this.output);
      if (changed.seed !== this.current.seed || /^seed\b/.test(command)) this.session.restart();
      this.current = changed;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      process.stderr.write(`${printable(spelt(error.unspelt, flagOf))}\n`);
    }
  }

  private showOptions(): void {
    const shown = optionValues(sampleTable, adjustable, {
      length: sampleTable.length.default,
      temp: sampleTable.temp.default,
      ...this.current,
    });
    for (const line of shown) process.stderr.write(`  /${printable(line)}\n`);
  }

  /** Writes the model's continuation until it ends or the user ends it. */
  private async goOn(lines: TypedLines, head: Uint8Array): Promise<void> {
    let last = head;
    await write(head);
    for await (const ids of this.session.draw(this.settings)) {
      last = this.model.vocabulary.decodeBytes(ids);
      await write(last);
      if (lines.enough) break;
    }
    if (last.at(-1) !== 0x0a) await write('\n');
    // if the model has ended its text, the next continuation is a text of its own
    if (this.session.isOver) this.session.begin(this.common);
  }
}
