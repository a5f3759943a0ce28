/**
 * The networks whose gradients are measured: models, or untrained networks, each with the text encoded in its
 * vocabulary.
 */
import { scaleWeights } from '../../analyse/recurrent-scale.js';
import type { Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { folderReporter, readingOf } from '../../library/text-reading.js';
import { printable, quote } from '../../messages/quote.js';
import { requireCapable } from '../../model/capabilities.js';
import { chooseCell } from '../../model/cells/cells.js';
import { architectureFlags } from '../../model/model-config.js';
import type { HistoryEntry } from '../../model/model-data.js';
import { initialValues, parameterTable } from '../../model/parameters.js';
import type { OptionsOf } from '../../options/table.js';
import { flagOf } from '../../options/table.js';
import { type CorpusOptions, loadCorpus } from '../../text/load-corpus.js';
import type { readingRows } from '../../text/reading-rows.js';
import { readChosenModel } from '../input/chosen-model.js';
import { refuseModels, textArguments } from '../input/text-arguments.js';
import type { Clipping, Subject } from '../output/gradients-shown.js';

export interface SubjectOptions extends OptionsOf<typeof readingRows> {
  readonly model?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
  readonly cell?: readonly string[] | undefined;
  readonly recurrentScale?: readonly number[] | undefined;
  readonly inputScale?: number | undefined;
  readonly layers?: number | undefined;
  readonly hidden?: number | undefined;
  readonly embedding?: number | undefined;
  readonly residual?: boolean | undefined;
  readonly layerNorm?: boolean | undefined;
  readonly seed?: number | undefined;
}

/** Cell, sizes and seed of untrained networks, where the options do not give them */
export interface FreshDefaults {
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly seed: number;
}

export const usualSeqLength = 64;

const ofFresh = [
  ...(['layers', 'hidden', 'embedding', 'residual', 'layerNorm', 'seed'] as const),
  ...(['recurrentScale', 'inputScale'] as const),
];

/** Whether untrained networks are asked for */
export function areFresh({ cell, recurrentScale }: SubjectOptions): boolean {
  return cell !== undefined || recurrentScale !== undefined;
}

/** @throws UsageError for options of untrained networks, and for standard input with several models */
export async function trainedSubjects(
  texts: readonly string[],
  models: readonly string[],
  options: SubjectOptions,
  output: Output,
): Promise<Subject[]> {
  const strange = ofFresh.find((key) => options[key] !== undefined);
  if (strange !== undefined) {
    throw new UsageError(
      `${flagOf(strange)} is for untrained networks: give --cell as well, or leave it out`,
    );
  }
  await refuseModels(texts);
  const paths = textArguments(texts);
  if (models.length > 1 && paths.includes('-')) {
    throw new UsageError(
      'standard input can be read only once, but each model has to read the text: name a file',
    );
  }
  const subjects: Subject[] = [];
  for (const file of models) {
    const model = await readChosenModel(file, options.label);
    const { config, text, vocabulary, weights, training, history } = model;
    const corpus = await loadCorpus(paths, {
      text,
      vocabulary,
      minCount: 1,
      ...readingFor(options, text.unit, subjects.length === 0 ? output : undefined),
    });
    subjects.push({
      name: models.length > 1 ? quote(file) : config.cell,
      config,
      weights,
      ids: corpus.ids,
      seqLength: positiveOr(training?.seqLength, usualSeqLength),
      clipping: clippingOf(training?.clip, history),
    });
  }
  return subjects;
}

/**
 * Makes an untrained network for each cell, or, if factors for the recurrent matrices are given, one for each cell and
 * factor.
 */
export async function freshSubjects(
  texts: readonly string[],
  options: SubjectOptions,
  defaults: FreshDefaults,
  output: Output,
): Promise<Subject[]> {
  const { residual = false, layerNorm = false, seed = defaults.seed } = options;
  const shape = architectureFlags({ residual, layerNorm });
  const choices = (options.cell ?? [defaults.cell]).map((cell) => {
    requireCapable({ ...shape, cell, command: 'gradients' });
    return chooseCell(cell);
  });
  const { ids, vocabulary } = await loadCorpus(textArguments(texts), {
    text: { unit: 'char', keepCr: false },
    minCount: 1,
    ...readingFor(options, 'char', output),
  });
  const scales = options.recurrentScale ?? [undefined];
  return choices.flatMap((choice) => {
    const config = {
      ...choice,
      layers: options.layers ?? defaults.layers,
      hidden: options.hidden ?? defaults.hidden,
      embedding: options.embedding ?? defaults.embedding,
      vocabulary: vocabulary.size,
      ...shape,
    };
    return scales.map((recurrent): Subject => {
      const weights = initialValues(parameterTable(config), seed);
      scaleWeights(config, weights, { recurrent, input: options.inputScale }, seed);
      const name =
        recurrent === undefined
          ? choice.cell
          : `${choice.cell} × ${Number(recurrent.toPrecision(6))}`;
      return { name, config, weights, ids, seqLength: usualSeqLength, clipping: undefined };
    });
  });
}

function readingFor(
  options: SubjectOptions,
  unit: 'char' | 'byte',
  output: Output | undefined,
): Pick<CorpusOptions, 'reading' | 'onFolder' | 'stdin'> {
  return {
    reading: readingOf(options, unit),
    onFolder: output && folderReporter(output),
    stdin: process.stdin,
  };
}

/** A number that a model records, if it is positive; a model file may come from anywhere, so it is checked. */
function positiveOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : otherwise;
}

function clippingOf(clip: unknown, history: readonly HistoryEntry[]): Clipping | undefined {
  const { name, limit } = (clip ?? {}) as { name?: unknown; limit?: unknown };
  if (typeof name !== 'string' || typeof limit !== 'number') return undefined;
  // each entry of the history, made at a validation, covers the steps since the previous entry
  let [steps, clipped, norms, maxNorm] = [0, 0, 0, 0];
  for (const { step, clipped: share, gradientNorm } of history) {
    // a training run that starts from a given model validates it before the first step; that entry covers no steps
    if (step === 0) continue;
    if (step == null || share == null || gradientNorm == null) return undefined;
    const count = step - steps;
    clipped += share * count;
    norms += gradientNorm * count;
    maxNorm = Math.max(maxNorm, gradientNorm);
    steps = step;
  }
  if (steps === 0) return undefined;
  return {
    by: printable(name),
    limit,
    fraction: clipped / steps,
    meanNorm: norms / steps,
    maxMeanNorm: maxNorm,
  };
}
