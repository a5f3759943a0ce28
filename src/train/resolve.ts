/**
 * Turns options, all of which may be absent, into a complete and frozen configuration. Options are checked before any
 * work begins, and resolved once, when the text is known.
 */
import { isDeepStrictEqual } from 'node:util';
import type { TrainingPrecision } from '../backend/device.js';
import { OptionError } from '../errors.js';
import { requireCapable } from '../model/capabilities.js';
import { type CellChoice, cellChoice, cellOf, chooseCell } from '../model/cells/cells.js';
import { type Attending, architectureFlags, type ModelConfig } from '../model/model-config.js';
import {
  type Complete,
  checkOptions,
  type OptionsOf,
  refuseConflicts,
  withDefaults,
} from '../options/table.js';
import { secondsOf } from '../options/types.js';
import type { BatchShape } from '../text/split.js';
import type { TextOptions } from '../text/unit.js';
import type { Size } from './length/preset.js';
import { choosePrecision, precisionOf } from './precision.js';
import { outputRows } from './schema/call-rows.js';
import {
  type CommandTrainOptions,
  commandRows,
  schema,
  type TrainOptions,
} from './schema/schema.js';
import { sourceRows, textRows } from './schema/text-rows.js';
import { trainingRows } from './schema/training-rows.js';
import type { TrainConfig, TrainLength } from './train-config.js';

/** Options about which texts are used for training and validation */
export interface TextSettings extends Complete<typeof sourceRows> {
  readonly text: TextOptions;
}

/** Values picked for absent options, once the text is known */
export interface Picked extends BatchShape {
  /** Size and other properties of a preset's network, or of the model that training starts from */
  readonly model: Size & Attending & Partial<CellChoice>;
  readonly dropout: number;
  /** The length of the training run that was asked for, or a shorter one if the text is too small to benefit from it */
  readonly length: TrainLength;
  readonly threads: number;
}

/** The resolved options of a training run, apart from its text */
export interface ResolvedTraining {
  readonly model: Omit<ModelConfig, 'vocabulary'>;
  readonly config: TrainConfig;
}

const programRows = Object.fromEntries(
  Object.entries(commandRows).filter(([key]) => !Object.hasOwn(outputRows, key)),
);

/**
 * Checks the training options that a program passes, one by one and together.
 * @throws UsageError naming the option as the program spells it
 */
export function checkTrainOptions(options: unknown): asserts options is TrainOptions {
  checkOptions(programRows, options, 'train');
  checkTogether(options as TrainOptions);
}

/**
 * Checks options together, as far as that is possible without the text.
 * @throws OptionError for options that contradict each other
 */
export function checkTogether(options: CommandTrainOptions): void {
  refuseConflicts(schema, options);
  if (options.unit === 'byte' && options.normalize !== undefined) {
    throw new OptionError(
      (name) =>
        `${name('normalize')} is for characters, not bytes: leave it out, or give ${name('unit', 'char')}`,
    );
  }
  checkSides(options);
  checkPairs(options);
  const { cell = options.initFrom === undefined ? schema.cell.default : undefined } = options;
  const { backend, precision: asked } = options;
  const precision = asked === 'auto' ? undefined : asked;
  requireCapable({ ...shapeOf(options), cell, backend, precision, command: 'train' });
  if (cell === undefined) return;
  // reads the file of equations now, so that mistakes in it are reported before any work
  requireDroppable(chooseCell(cell), options.weightDrop);
}

/** Options that have no meaning in a training run on pairs, or are not possible there */
const notForPairs = [
  ...(['size', 'weightDrop', 'seqLength'] as const),
  ...(['documents', 'separator', 'textColumn', 'counts'] as const),
];

/**
 * Checks the options for what sources and targets of pairs are made of: characters, bytes or symbols.
 * @throws OptionError for such an option without pairs, or if the text is read as bytes
 */
export function checkSides(
  options: Pick<CommandTrainOptions, 'pairs' | 'unit' | 'sourceUnit' | 'targetUnit'>,
): void {
  for (const key of ['sourceUnit', 'targetUnit'] as const) {
    if (options[key] === undefined) continue;
    if (!options.pairs) throw new OptionError((name) => `${name(key)} needs ${name('pairs')}`);
    if (options.unit !== 'byte') continue;
    throw new OptionError(
      (name) => `${name('unit', 'byte')} is for both sides of pairs: leave out ${name(key)}`,
    );
  }
}

function checkPairs(options: CommandTrainOptions): void {
  if (!options.pairs) {
    if (options.attention === undefined) return;
    throw new OptionError(
      (name) => `${name('attention')} is for ${name('pairs')}: leave it out, or give both`,
    );
  }
  for (const key of notForPairs) {
    // an option that only switches something off never conflicts with pairs
    if (!options[key] && options[key] !== '') continue;
    throw new OptionError(
      (name) => `${name('pairs')} cannot be combined with ${name(key)}: leave it out`,
    );
  }
}

function shapeOf({ residual, layerNorm, pairs }: CommandTrainOptions) {
  return architectureFlags({
    residual: residual ?? false,
    layerNorm: layerNorm ?? false,
    pairs: pairs ?? false,
  });
}

/** @throws OptionError for weight drop with a cell that has no recurrent weights */
function requireDroppable(choice: CellChoice, weightDrop: number | undefined): void {
  if (!weightDrop || cellOf(choice).unitNames.length > 0) return;
  throw new OptionError(
    (name) =>
      `${name('weightDrop')} is for recurrent weights, and the cell ${choice.cell} has none: leave it out`,
  );
}

export function textSettings(options: CommandTrainOptions): TextSettings {
  const { unit, keepCr, normalize } = withDefaults(textRows, options) as Complete<typeof textRows>;
  const source = withDefaults(sourceRows, options) as Complete<typeof sourceRows>;
  return {
    ...source,
    valFrac: source.valFile === undefined ? source.valFrac : 0,
    text: { unit, keepCr, ...(normalize && { normalize }) },
  };
}

/** The length that the options ask for, if any */
export function trainLength({ steps, epochs, time }: CommandTrainOptions): TrainLength | undefined {
  if (steps !== undefined) return { kind: 'steps', steps };
  if (time !== undefined) return { kind: 'seconds', seconds: secondsOf(time) };
  return epochs === undefined ? undefined : { kind: 'epochs', epochs };
}

/**
 * The configuration of a training run: each option as given, otherwise as chosen by a preset, otherwise its default.
 * @throws OptionError for a combination that is not possible
 */
export function resolveTraining(options: CommandTrainOptions, picked: Picked): ResolvedTraining {
  const { model: preset, length, ...values } = picked;
  const preferred = cellChoice({ ...preset, cell: preset.cell ?? schema.cell.default });
  const choice = options.cell === undefined ? preferred : chooseCell(options.cell);
  // a preset or a given model decides on layer normalisation only for its own cell; the cell of every preset is an LSTM
  const mayNormalise =
    preset.layerNorm === true &&
    isDeepStrictEqual(choice, cellChoice({ ...preset, cell: preset.cell ?? 'lstm' }));
  requireDroppable(choice, options.weightDrop);
  const model = {
    ...choice,
    layers: options.layers ?? preset.layers,
    hidden: options.hidden ?? preset.hidden,
    embedding: options.embedding ?? preset.embedding,
    ...architectureFlags({
      residual: options.residual ?? preset.residual ?? false,
      layerNorm: options.layerNorm ?? mayNormalise,
      pairs: options.pairs ?? false,
      attention: options.attention ?? preset.attention,
    }),
  };
  requireCapable({ ...model, backend: options.backend, command: 'train' });
  const given = withoutAbsent(options);
  const config = withDefaults(trainingRows, { ...values, ...given } as OptionsOf<
    typeof trainingRows
  >) as Complete<typeof trainingRows>;
  const precision = choosePrecision(options.precision, { ...model, backend: config.backend });
  return deepFreeze({ model, config: { ...inPrecision(config, precision), length } });
}

/** A configuration with its precision, which is recorded only if it is not float32 */
function inPrecision<Config extends Complete<typeof trainingRows>>(
  { precision: _, ...config }: Config,
  precision: TrainingPrecision,
) {
  return { ...config, ...(precision !== 'f32' && { precision }) };
}

/**
 * The configuration of a resumed training run: that of its state, except for options that may change.
 * @throws OptionError for an option that would make it another training run
 */
export function resumeTraining(options: CommandTrainOptions, saved: TrainConfig): TrainConfig {
  checkResumable(options);
  const given = Object.entries(withoutAbsent(options)).filter(([key]) =>
    Object.hasOwn(trainingRows, key),
  );
  const { precision: asked } = options;
  // if the precision is left to charnn, a resumed training run keeps the one that it had
  const precision = asked === undefined || asked === 'auto' ? precisionOf(saved) : asked;
  const config = { ...saved, ...Object.fromEntries(given) };
  requireCapable({ backend: config.backend, precision });
  return deepFreeze({
    ...inPrecision(config, precision),
    length: trainLength(options) ?? saved.length,
  });
}

/** @throws OptionError for an option that may not change when a training run is resumed */
export function checkResumable(options: CommandTrainOptions): void {
  for (const key of Object.keys(withoutAbsent(options))) {
    const row = (schema as Readonly<Record<string, { readonly resume?: boolean }>>)[key];
    if (row?.resume) continue;
    throw new OptionError(
      (name) =>
        `${name(key)} cannot be changed with ${name('resume')}: leave it out, or start a new training run with ${name('initFrom')}`,
    );
  }
  refuseConflicts(schema, options);
}

function withoutAbsent(options: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
