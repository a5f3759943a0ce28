/** `charnn sample`: writes text from a model to standard output. */

import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, type Output } from '../cli/output.js';
import type { SharedWork } from '../library/shared-work.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { usableCores } from '../machine/cores.js';
import type { Model } from '../model/model-data.js';
import { beamSearch } from '../sample/beam.js';
import { generate } from '../sample/generate.js';
import {
  notInTexts,
  selectRecords,
  unseen,
  type WholeRecord,
  wholeRecords,
} from '../sample/record-filters.js';
import type { Chunk } from '../threads/map-ordered.js';
import { readChosenModel } from './input/chosen-model.js';
import { modelPath } from './input/model-argument.js';
import { linePrompts, type Prompt, promptEncoder, readCommonPrompt } from './input/prompt.js';
import { inAllProcesses } from './input/several-processes.js';
import { noteFewerThreads } from './output/fewer-threads.js';
import { write } from './output/write.js';
import { commandSettings } from './sampling/command-settings.js';
import { interact } from './sampling/interactive.js';
import { type CommandSampleOptions, sampleTable } from './sampling/sample-options.js';

export const sample = defineCommand({
  name: 'sample',
  arguments: '[model]',
  summary: 'write new text',
  description: 'Write text from a model to standard output, as it is produced.',
  examples: [
    ['charnn sample --temp 0.8', 'a little more predictable'],
    ["charnn sample -p 'Call me' -l 200", 'continue a text'],
    ['charnn sample -l 1000000 | head -n 20', 'as much text as head reads'],
    ["charnn sample -n 20 --stop '\\n' | sort -u", 'twenty lines'],
    ['charnn sample --label author=Keats', 'for a model with labels'],
    ['seq 9 | charnn sample --complete -', 'lines that begin with 1, 2, …'],
    ['charnn sample -i', 'write in turn with the model'],
  ],
  synonyms: ['generate', 'gen', 'write', 'predict', 'text', 'run'],
  options: sampleTable,
  standardOutput: 'result',
  async run(args, options) {
    const path = modelPath(args, options.model);
    const { interactive, beam, count = 1, complete } = options;
    const isShared = !interactive && beam === undefined && (count > 1 || complete !== undefined);
    const output = createOutput(options.quiet ?? false);
    return inAllProcesses(isShared, output, async (shared) => {
      if (interactive) await interact(path, options);
      else await writeRecords(path, options, output, shared);
      return undefined;
    });
  },
});

async function writeRecords(
  path: string,
  options: CommandSampleOptions,
  output: Output,
  shared: SharedWork | undefined,
): Promise<void> {
  const model = await readChosenModel(path, options.label, options.last);
  const settings = commandSettings(options, model, output);
  const encode = promptEncoder(model, output);
  const { unit } = model.text;
  const reading = readingOf(options, unit, 'replace');
  const common = await readCommonPrompt(options, encode, { reading, unit });
  const isNovel =
    options.novel === undefined
      ? undefined
      : await notInTexts([options.novel], model, {
          reading: { ...reading, invalid: 'error' },
          onFolder: folderReporter(output),
        });
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);

  const count = options.count ?? 1;
  if (options.beam !== undefined) {
    const found = await beamSearch(model, device, {
      prompt: common.ids,
      settings,
      width: options.beam,
    });
    const head = (options.echo ?? true) ? common.bytes : nothing.bytes;
    const tail = options.null ? '\0' : options.count !== undefined ? '\n' : '';
    for (const { ids } of found.slice(0, count)) {
      const text = Buffer.concat([head, model.vocabulary.decodeBytes(ids)]);
      await write(text);
      await write(tail === '' ? closing(text.at(-1)) : tail);
    }
    return;
  }
  const selected = options.unique === true || isNovel !== undefined;
  const lines =
    options.complete === undefined
      ? undefined
      : linePrompts(options.complete, encode, model.text, reading);
  // with --unique or --novel, only some of the records are written, so it is not known how many have to be drawn
  const expected = selected ? Number.POSITIVE_INFINITY : count;
  const prompts = new RecordPrompts(common, options.echo ?? true);
  const pieces = generate(prompts.jobs(lines, lines ? count : expected), {
    model,
    device,
    settings,
    prompt: common.ids,
    expected: lines ? undefined : expected,
    threads: options.threads ?? shared?.threads ?? usableCores(),
    others: shared?.workers('records', device, options.threads),
    onFewer: noteFewerThreads(output),
  });
  const listed = options.count !== undefined || options.null || lines !== undefined || selected;
  const separator = listed ? (options.null ? '\0' : '\n') : '';
  if (!selected) return stream(pieces, prompts, model, separator);

  const isFresh = options.unique ? unseen() : () => true;
  const isNew = ({ index, ids }: WholeRecord): boolean => {
    const whole = [...Array.from(prompts.of(index).ids), ...ids];
    const isWanted = isFresh(whole) && isNovel?.(whole) !== false;
    if (!isWanted) prompts.forget(index);
    return isWanted;
  };
  const wanted = lines ? Number.POSITIVE_INFINITY : count;
  const records = selectRecords(wholeRecords(pieces), isNew, wanted, (written, inVain) =>
    output.warn(
      `${written} of ${count} records were written, because the last ${inVain} that were drawn were not new`,
    ),
  );
  for await (const { index, ids } of records) {
    await write(Buffer.concat([prompts.of(index).bytes, model.vocabulary.decodeBytes(ids)]));
    await write(separator);
    prompts.forget(index);
  }
}

/** Writes records as they are drawn. */
async function stream(
  pieces: AsyncIterable<Chunk<readonly number[]>>,
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

/** What is written after a single text: a line feed in a terminal, so that the shell's prompt begins on a new line. */
function closing(last: number | undefined): string {
  return process.stdout.isTTY && last !== lineFeed ? '\n' : '';
}

const nothing: Prompt = { bytes: new Uint8Array(0), ids: [] };

/** Stores the prompt of each record: the common prompt, followed by the record's own line if lines are completed. */
class RecordPrompts {
  private readonly own = new Map<number, Prompt>();

  constructor(
    private readonly common: Prompt,
    private readonly echo: boolean,
  ) {}

  /** The prompts for `generate`: one for each of `count` records, or for `count` records for each line to complete */
  async *jobs(lines: AsyncIterable<Prompt> | undefined, count: number) {
    let index = 0;
    for await (const line of lines ?? [nothing]) {
      for (let i = 0; i < count; i++) {
        if (lines) this.own.set(index++, line);
        yield line.ids;
      }
    }
  }

  /** The prompt of a record as it is printed: empty with --no-echo */
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
