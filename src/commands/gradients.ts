/** `charnn gradients`: how far back the gradient reaches. */

import { gradientFlow } from '../analyse/gradient-flow.js';
import { recurrentSpectra } from '../analyse/spectra.js';
import type { BackendName } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { readModel } from '../checkpoint/model-file.js';
import { checkLayerNorm, flagOf } from '../cli/checks.js';
import { defaults } from '../cli/options/defaults.js';
import { createOutput, type Output } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { type CellName, variants } from '../model/config.js';
import type { HistoryEntry } from '../model/model.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import type { GradientsData } from '../pages/data.js';
import { loadCorpus } from '../text/corpus.js';
import { jsonText, printable } from '../text/quote.js';
import type { Ids } from '../text/unit.js';
import {
  asJson,
  type Clipping,
  description,
  type Finding,
  pageSubject,
  type Subject,
} from './gradients-shown.js';
import { checkPagePath, writePage } from './page-file.js';
import { textArguments } from './text-arguments.js';
import { folderReporter, type RawReadingOptions, readingOf } from './text-reading.js';

export interface RawGradientsOptions extends RawReadingOptions {
  readonly model?: string;
  readonly cell?: readonly CellName[];
  readonly layers?: number;
  readonly hidden?: number;
  readonly embedding?: number;
  readonly residual?: boolean;
  readonly layerNorm?: boolean;
  readonly seed?: number;
  readonly lags?: number;
  readonly positions?: number;
  readonly seqLength?: number;
  readonly output?: string;
  readonly backend?: BackendName;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function gradients(texts: readonly string[], raw: RawGradientsOptions): Promise<void> {
  const output = createOutput(raw.quiet ?? false);
  if (raw.output !== undefined) {
    const inputs = [...texts, raw.model ?? defaults.output];
    await checkPagePath({ path: raw.output, inputs, outputIsTaken: raw.json });
  }
  const { subjects, ids } = raw.cell
    ? await fresh(texts, raw, output)
    : await trained(texts, raw, output);
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);
  const measures = {
    lags: raw.lags ?? defaults.gradients.lags,
    positions: raw.positions ?? defaults.gradients.positions,
  };
  const findings: Finding[] = [];
  for (const subject of subjects) {
    const { config, weights } = subject;
    findings.push({
      ...subject,
      flow: await gradientFlow(device, config, weights, ids, measures),
      spectra: await recurrentSpectra(device, config, weights),
    });
  }
  if (raw.output !== undefined) {
    const data: GradientsData = { subjects: findings.map(pageSubject) };
    await writePage(raw.output, 'gradients', { title: 'Gradients by lag', data }, output);
  }
  if (raw.json) process.stdout.write(`${jsonText(findings.map(asJson))}\n`);
  else if (raw.output === undefined) process.stdout.write(description(findings));
}

async function trained(texts: readonly string[], raw: RawGradientsOptions, output: Output) {
  const shape = ['layers', 'hidden', 'embedding', 'residual', 'layerNorm'] as const;
  for (const key of [...shape, 'seed'] as const) {
    if (raw[key] === undefined) continue;
    const option = flagOf(key);
    throw new UsageError(`${option} is for fresh networks: give --cell as well, or leave it out`);
  }
  const name = raw.model ?? defaults.output;
  const model = await readModel(name);
  const { config, text, vocabulary, weights, training, history } = model;
  const corpus = await loadCorpus(textArguments(texts), {
    text,
    vocabulary,
    minCount: 1,
    reading: readingOf(raw, text.unit),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const seqLength = raw.seqLength ?? positiveOr(training?.seqLength, defaults.gradients.seqLength);
  const subject: Subject = {
    name: config.cell,
    config,
    weights,
    seqLength,
    clipping: clippingOf(training?.clip, history),
  };
  return { subjects: [subject], ids: corpus.ids };
}

async function fresh(
  texts: readonly string[],
  raw: RawGradientsOptions,
  output: Output,
): Promise<{ subjects: Subject[]; ids: Ids }> {
  if (raw.model !== undefined) {
    throw new UsageError('--cell and --model contradict each other: give one of them');
  }
  for (const cell of raw.cell ?? []) checkLayerNorm(raw, cell);
  const { ids, vocabulary } = await loadCorpus(textArguments(texts), {
    text: { unit: defaults.unit, keepCr: false },
    minCount: 1,
    reading: readingOf(raw, defaults.unit),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const subjects = (raw.cell ?? []).map((cell): Subject => {
    const config = {
      cell,
      layers: raw.layers ?? defaults.gradients.layers,
      hidden: raw.hidden ?? defaults.gradients.hidden,
      embedding: raw.embedding ?? defaults.gradients.embedding,
      vocabulary: vocabulary.size,
      ...variants(raw),
    };
    return {
      name: cell,
      config,
      weights: initialValues(parameterTable(config), raw.seed ?? defaults.seed),
      seqLength: raw.seqLength ?? defaults.gradients.seqLength,
      clipping: undefined,
    };
  });
  return { subjects, ids };
}

/** What a model records of its training is shown, not relied on: it may be from anywhere. */
function positiveOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : otherwise;
}

function clippingOf(clip: unknown, history: readonly HistoryEntry[]): Clipping | undefined {
  const { name, limit } = (clip ?? {}) as { name?: unknown; limit?: unknown };
  if (typeof name !== 'string' || typeof limit !== 'number') return undefined;
  // an entry stands for the steps since the one before
  let [steps, clipped, norms, largest] = [0, 0, 0, 0];
  for (const { step, clipped: share, gradientNorm } of history) {
    // a model that was given is validated before the first step
    if (step === 0) continue;
    if (step == null || share == null || gradientNorm == null) return undefined;
    const count = step - steps;
    clipped += share * count;
    norms += gradientNorm * count;
    largest = Math.max(largest, gradientNorm);
    steps = step;
  }
  if (steps === 0) return undefined;
  return {
    by: printable(name),
    limit,
    share: clipped / steps,
    meanNorm: norms / steps,
    largestMeanNorm: largest,
  };
}
