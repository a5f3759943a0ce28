/** `charnn sample`: text from a model, streamed to standard output. */
import { usableCores } from '../backend/cores.js';
import { openDevice } from '../backend/open-device.js';
import { createOutput, type Output } from '../cli/output.js';
import type { Model } from '../model/model.js';
import { beamSearch } from '../sample/beam.js';
import { generate } from '../sample/generate.js';
import { notIn, unseen, wholeRecords } from '../sample/select.js';
import { loadCorpus } from '../text/corpus.js';
import type { ReadingOptions } from '../text/reading-options.js';
import type { Piece } from '../threads/in-order.js';
import { readChosenModel } from './chosen-model.js';
import { interact } from './interactive.js';
import { linePrompts, type Prompt, promptEncoder, readCommonPrompt } from './prompt.js';
import { type RawSampleOptions, sampleSettings } from './sample-settings.js';
import { folderReporter, readingOf } from './text-reading.js';
import { write } from './write.js';

/** Records drawn in succession without a new one, after which no more are tried */
const mostInVain = 10_000;

export async function sample(raw: RawSampleOptions): Promise<void> {
  if (raw.interactive) return interact(raw);
  const output = createOutput(raw.quiet ?? false);
  const model = await readChosenModel(raw);
  const settings = sampleSettings(raw, model, output);
  const encode = promptEncoder(model, output);
  const { unit } = model.text;
  const reading = readingOf(raw, unit, 'replace');
  const common = await readCommonPrompt(raw, encode, { reading, unit });
  const isNovel =
    raw.novel === undefined ? undefined : await novelty(raw.novel, model, reading, output);
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);

  const count = raw.count ?? 1;
  if (raw.beam !== undefined) {
    const found = await beamSearch(model, device, common.ids, settings, raw.beam);
    const head = (raw.echo ?? true) ? common.bytes : nothing.bytes;
    const tail = raw.null ? '\0' : raw.count !== undefined ? '\n' : '';
    for (const { ids } of found.slice(0, count)) {
      const text = Buffer.concat([head, model.vocabulary.decodeBytes(ids)]);
      await write(text);
      await write(tail === '' ? closing(text.at(-1)) : tail);
    }
    return;
  }
  const selected = raw.unique === true || isNovel !== undefined;
  const lines =
    raw.complete === undefined ? undefined : linePrompts(raw.complete, encode, model.text, reading);
  // which of the records are wanted shows only when they have been drawn
  const expected = selected ? Number.POSITIVE_INFINITY : count;
  const prompts = new RecordPrompts(common, raw.echo ?? true);
  const pieces = generate(prompts.jobs(lines, lines ? count : expected), {
    model,
    device,
    settings,
    prompt: common.ids,
    expected: lines ? undefined : expected,
    threads: raw.threads ?? usableCores(),
  });
  const listed = raw.count !== undefined || raw.null || lines !== undefined || selected;
  const separator = listed ? (raw.null ? '\0' : '\n') : '';
  if (!selected) return stream(pieces, prompts, model, separator);

  const isFresh = raw.unique ? unseen() : () => true;
  let [written, inVain] = [0, 0];
  for await (const { index, ids } of wholeRecords(pieces)) {
    const prompt = prompts.of(index);
    const whole = [...Array.from(prompt.ids), ...ids];
    prompts.forget(index);
    if (!isFresh(whole) || isNovel?.(whole) === false) {
      if (lines || ++inVain < mostInVain) continue;
      output.warn(`${written} of ${count} records written: the last ${inVain} were not new`);
      return;
    }
    inVain = 0;
    await write(Buffer.concat([prompt.bytes, model.vocabulary.decodeBytes(ids)]));
    await write(separator);
    if (++written === count && !lines) return;
  }
}

/** Writes records as they are drawn. */
async function stream(
  pieces: AsyncIterable<Piece<readonly number[]>>,
  prompts: RecordPrompts,
  model: Model,
  separator: string,
): Promise<void> {
  let last = -1;
  let end: number | undefined;
  for await (const { index, value, done } of pieces) {
    const head = index > last ? prompts.of(index).bytes : nothing.bytes;
    const text = Buffer.concat([head, model.vocabulary.decodeBytes(value)]);
    last = index;
    end = text.at(-1) ?? end;
    await write(text);
    if (!done) continue;
    await write(separator);
    prompts.forget(index);
  }
  if (separator === '') await write(closing(end));
}

const lineFeed = 0x0a;

/** What ends a single text: in a terminal the shell's prompt begins a line of its own. */
function closing(last: number | undefined): string {
  return process.stdout.isTTY && last !== lineFeed ? '\n' : '';
}

const nothing: Prompt = { bytes: new Uint8Array(0), ids: [] };

/** What stands before each record: the common prompt and, when lines are completed, its own. */
class RecordPrompts {
  private readonly own = new Map<number, Prompt>();

  constructor(
    private readonly common: Prompt,
    private readonly echo: boolean,
  ) {}

  /** Jobs for `generate`: `count` records, or so many for each line */
  async *jobs(lines: AsyncIterable<Prompt> | undefined, count: number) {
    let index = 0;
    for await (const line of lines ?? [nothing]) {
      for (let i = 0; i < count; i++) {
        if (lines) this.own.set(index++, line);
        yield line.ids;
      }
    }
  }

  /** What is shown of it */
  of(index: number): Prompt {
    if (!this.echo) return nothing;
    const own = this.own.get(index);
    if (own === undefined) return this.common;
    return {
      bytes: Buffer.concat([this.common.bytes, own.bytes]),
      ids: [...Array.from(this.common.ids), ...Array.from(own.ids)],
    };
  }

  forget(index: number): void {
    this.own.delete(index);
  }
}

/** Tells whether a record does not stand in a corpus. */
async function novelty(
  path: string,
  model: Model,
  reading: ReadingOptions,
  output: Output,
): Promise<(ids: ArrayLike<number>) => boolean> {
  const { text, vocabulary } = model;
  const corpus = await loadCorpus([path], {
    text,
    vocabulary,
    minCount: 1,
    reading: { ...reading, invalid: 'error' },
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  return notIn(corpus.ids);
}
