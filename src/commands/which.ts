/** `charnn which`: each line with the model that is most likely to have written it. */
import { basename } from 'node:path';
import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { readModel } from '../checkpoint/model-file.js';
import { createOutput } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { scoreLines } from '../evaluate/score-lines.js';
import { lineGroups } from '../text/lines.js';
import { findSources } from '../text/sources.js';
import { textArguments } from './text-arguments.js';
import { LineWriter } from './write.js';

export interface RawWhichOptions {
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
  const sources = await findSources(textArguments(raw.text ?? []), process.stdin);
  const labels = modelLabels(paths);
  const writer = new LineWriter();
  const lines = scoreLines(lineGroups(sources), {
    models,
    device,
    threads: raw.threads ?? usableCores(),
    characters: false,
  });
  for await (const { line, losses } of lines) {
    const ranked = losses.map(({ nats }, i) => ({ nats, i })).sort((a, b) => a.nats - b.nats);
    const margin = (ranked[1].nats - ranked[0].nats) / Math.LN2;
    await writer.line(`${labels[ranked[0].i]}\t${margin.toFixed(2)}\t`, line);
  }
  await writer.end();
}

/** File names without folder and ending, or the paths where that is not enough. */
function modelLabels(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => basename(path).replace(/\.json$/, ''));
  return new Set(names).size === names.length ? names : paths;
}
