/** `charnn which`: each line with the model that is most likely to have written it. */

import { basename } from 'node:path';
import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { readModel } from '../checkpoint/model-file.js';
import { createOutput, grouped } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { scoreLines } from '../evaluate/score-lines.js';
import { withoutCr } from '../text/encode.js';
import { lineGroups } from '../text/lines.js';
import { printable, quote } from '../text/quote.js';
import { findSources } from '../text/sources.js';
import { textArguments } from './text-arguments.js';
import { folderReporter, type RawReadingOptions, readingOf } from './text-reading.js';
import { LineWriter } from './write.js';

export interface RawWhichOptions extends RawReadingOptions {
  readonly text?: readonly string[];
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

export async function which(paths: readonly string[], raw: RawWhichOptions): Promise<void> {
  if (paths.length < 2) throw new UsageError('which compares models: name at least two');
  const output = createOutput(raw.quiet ?? false);
  const models = await Promise.all(paths.map((path) => readModel(path)));
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);
  // lines are decoded if any of the models reads characters
  const unit = models.every((model) => model.text.unit === 'byte') ? 'byte' : 'char';
  const keepCr = models.some((model) => model.text.keepCr);
  const reading = readingOf(raw, unit, 'replace');
  const onFolder = folderReporter(output);
  const given = textArguments(raw.text ?? []);
  const sources = await findSources(given, process.stdin, { reading, unit, onFolder });
  const labels = modelLabels(paths);
  const writer = new LineWriter();
  const lines = scoreLines(lineGroups(sources, { reading, unit }), {
    models,
    device,
    threads: raw.threads ?? usableCores(),
    characters: false,
  });
  const unknown = models.map(() => 0);
  for await (const { line, losses } of lines) {
    losses.forEach((loss, i) => {
      unknown[i] += loss.unknown;
    });
    const ranked = losses.map(({ nats }, i) => ({ nats, i })).sort((a, b) => a.nats - b.nats);
    const margin = (ranked[1].nats - ranked[0].nats) / Math.LN2;
    await writer.line(
      `${labels[ranked[0].i]}\t${margin.toFixed(2)}\t`,
      withoutCr(line, { unit, keepCr }),
    );
  }
  await writer.end();
  const counts = unknown.flatMap((n, i) => (n > 0 ? [`${grouped(n)} to ${quote(labels[i])}`] : []));
  if (counts.length > 0) output.note(`unknown characters: ${counts.join(', ')}`);
}

/** File names without folder and ending, or the paths where that is not enough. */
function modelLabels(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => basename(path).replace(/\.json$/, ''));
  const labels = new Set(names).size === names.length ? names : paths;
  // a line of output is one record with tabs in it, on a terminal too
  return labels.map(printable);
}
