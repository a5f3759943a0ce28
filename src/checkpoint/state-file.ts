/** The training state: what `--resume` needs beyond the model, in a second file beside it. */
import { extname } from 'node:path';
import { CharnnError } from '../errors.js';
import type { Fields } from '../json/fields.js';
import { limits, ranges } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import { quote } from '../messages/quote.js';
import { cellOf } from '../model/cells/cells.js';
import { carriedLayers, type ModelConfig } from '../model/model-config.js';
import { type Model, withBeside } from '../model/model-data.js';
import type { Numbers } from '../model/number-list.js';
import { parameterTable } from '../model/parameters.js';
import { withSeparator } from '../text/separator.js';
import type { LengthPlan } from '../train/length/step-budget.js';
import { History, type HistorySummary, keptIndices } from '../train/saving/history.js';
import type { StoredState, TrainingState } from '../train/saving/training-state.js';
import { configRecord } from '../train/schema/record.js';
import type { TrainConfig } from '../train/train-config.js';
import { momentCount } from '../train/update/optimizers.js';
import { writeFileAtomically } from './atomic.js';
import { readBeside } from './beside-field.js';
import { countsField, countsName, readTable, readTableHead } from './counts-field.js';
import {
  CheckpointFile,
  fileFormats,
  fileJson,
  readHistory,
  readModelConfig,
  readSeparator,
  readTextOptions,
  readVocabulary,
} from './json.js';
import { readTrainConfig } from './recorded-config.js';
import { elementsOf, type NamedValues, type TensorShape } from './tensors.js';
import { leastVersion, stateFeatures } from './versions.js';

const { whole, notNegative } = ranges;

/**
 * The path of the state that belongs to a model: `charnn.json` → `charnn.state.json`, `charnn` → `charnn.state`.
 * Different models have different paths.
 */
export function statePath(modelPath: string): string {
  const extension = extname(modelPath);
  return `${modelPath.slice(0, modelPath.length - extension.length)}.state${extension}`;
}

/**
 * Where earlier versions wrote the state of a model without an extension: at the path that now belongs to the model
 * with the extension .json. Undefined for a model with an extension.
 */
export function formerStatePath(modelPath: string): string | undefined {
  return extname(modelPath) === '' ? `${modelPath}.state.json` : undefined;
}

export async function writeState(path: string, state: StoredState): Promise<void> {
  const { config, weights, moments, average, hidden, vocabulary, counts, ...rest } = state;
  const history = History.of(state.history, state.validations);
  const given = counts && countsField(counts);
  const head = {
    format: fileFormats.state,
    version: leastVersion('state', stateFeatures(state.model, config)),
    ...rest,
    config: configRecord(config),
    history: history.entries,
    validations: history.summary,
    vocabulary: vocabulary.toJSON(),
    counts: given?.field,
  };
  const lists = [weights, ...moments, ...(average ? [average] : []), ...hidden.flat()];
  const tensors: NamedValues<Numbers>[] = expectedTensors(state.model, config).map((tensor, i) => ({
    ...tensor,
    values: lists[i],
  }));
  await writeFileAtomically(path, fileJson(head, tensors, false, given ? [given.blob] : []));
}

/** Estimated size of a state file in bytes */
export function stateBytes(model: ModelConfig, config: TrainConfig): number {
  return (countElements(expectedTensors(model, config)) * 4 * 4) / 3;
}

/**
 * Reads a training state and checks every field of it.
 * @throws CharnnError naming the file and the field that is wrong
 */
export function readState(path: string): Promise<TrainingState> {
  return CheckpointFile.read(path, 'state', (file) => stateOf(file, quote(path)));
}

/**
 * Reads the latest model of a training run from its state: the moving average of the weights, if one is kept.
 * @throws CharnnError naming the file and the field that is wrong
 */
export async function readLastModel(path: string): Promise<Model> {
  const state = await readState(path);
  const { id, step, config, provenance } = state;
  return {
    config: state.model,
    vocabulary: state.vocabulary,
    text: state.text,
    ...withSeparator(state.separator),
    ...withBeside(state.beside),
    weights: state.average ?? state.weights,
    training: { id, step, ...config, corpus: provenance },
    history: state.history,
  };
}

function stateOf(file: CheckpointFile, shown: string): TrainingState {
  const { fields } = file;
  const model = readModelConfig(fields.fields('model'));
  const config = readTrainConfig(fields.fields('config'));
  const plateau = fields.fields('plateau');
  const { weights, moments, average, hidden, counts } = readLists(file, model, config, shown);
  return {
    config,
    model,
    vocabulary: readVocabulary(fields, model),
    text: readTextOptions(fields.fields('text')),
    ...withSeparator(readSeparator(fields)),
    ...withBeside(readBeside(fields, model)),
    provenance: fields.record('provenance'),
    source: fields.record('source'),
    id: fields.get('id') === undefined ? undefined : fields.string('id'),
    step: fields.within('step', whole),
    seconds: fields.within('seconds', notNegative),
    plan: readPlan(fields.fields('plan')),
    bestLoss: fields.withinOrNull('bestLoss', ranges.finite),
    plateau: {
      factor: plateau.within('factor', ranges.fraction),
      waited: plateau.within('waited', whole),
    },
    tally: readTally(fields.fields('tally')),
    rollbacks: fields.get('rollbacks') === undefined ? 0 : fields.within('rollbacks', whole),
    ...(fields.get('isFineTuning') !== undefined && {
      isFineTuning: fields.boolean('isFineTuning'),
    }),
    ...(fields.get('validationUnknown') !== undefined && {
      validationUnknown: fields.within('validationUnknown', whole),
    }),
    history: readHistory(fields),
    validations: readSummary(fields),
    weights,
    moments,
    average,
    hidden,
    ...(counts && { counts }),
  };
}

function readTally(tally: Fields): TrainingState['tally'] {
  const steps = tally.within('steps', whole);
  const gradientNorm = tally.within('gradientNorm', notNegative);
  // states of earlier versions only have the sum of the gradient norms; the mean then stands for the norm of one step
  const ofOneStep = (key: string) =>
    tally.get(key) === undefined
      ? gradientNorm / Math.max(1, steps)
      : tally.within(key, notNegative);
  return {
    steps,
    loss: tally.within('loss', ranges.finite),
    gradientNorm,
    clipped: tally.within('clipped', whole),
    maxGradientNorm: ofOneStep('maxGradientNorm'),
    lastGradientNorm: ofOneStep('lastGradientNorm'),
  };
}

/**
 * Reads the summary of a thinned history. The history must contain exactly the validations that thinning keeps if there
 * have been as many as the summary says.
 */
function readSummary(fields: Fields): HistorySummary | undefined {
  if (fields.get('validations') === undefined) return undefined;
  const summary = fields.fields('validations');
  const count = summary.within('count', ranges.count);
  const orNull = (key: string) => summary.withinOrNull(key, ranges.finite);
  const read = {
    count,
    bestAt: summary.integer('bestAt', -1, count - 1),
    lowestLoss: orNull('lowestLoss'),
    firstTrainLoss: orNull('firstTrainLoss'),
    lowestTrainLoss: orNull('lowestTrainLoss'),
  };
  const kept = keptIndices(count, read.bestAt).length;
  const found = fields.array('history').length;
  if (found === kept) return read;
  throw new CharnnError(
    `${fields.name('history')} must have ${kept} entries after ${count} validations, not ${found}`,
  );
}

function readPlan(fields: Fields): LengthPlan {
  const { count } = ranges;
  return {
    steps: fields.withinOrNull('steps', count),
    evalEvery: fields.withinOrNull('evalEvery', count),
  };
}

/** Names and shapes of a state's tensors, in order: weights, moments, moving average, hidden states. */
function expectedTensors(model: ModelConfig, config: TrainConfig) {
  const { flatSize } = parameterTable(model);
  const moments = Array.from({ length: momentCount(config.optimizer) }, (_, i) => ({
    name: `moment${i + 1}`,
    shape: [flatSize],
  }));
  const average = config.average > 0 ? [{ name: 'average', shape: [flatSize] }] : [];
  const hidden = Array.from({ length: carriedLayers(model) }, (_, l) =>
    cellOf(model).states.map((state) => ({
      name: `hidden.${state}_l${l}`,
      shape: [config.batchSize, model.hidden],
    })),
  );
  return [{ name: 'weights', shape: [flatSize] }, ...moments, ...average, ...hidden.flat()];
}

function countElements(tensors: readonly TensorShape[]): number {
  return tensors.reduce((sum, tensor) => sum + elementsOf(tensor), 0);
}

function readLists(file: CheckpointFile, model: ModelConfig, config: TrainConfig, shown: string) {
  if (parameterTable(model).count > limits.parameters) {
    throw new CharnnError(`${shown} describes a model beyond ${limits.parameters} parameters`);
  }
  const expected = expectedTensors(model, config);
  const { fields } = file;
  const given = fields.get('counts') === undefined ? undefined : fields.fields('counts');
  const head = given && readTableHead(given);
  const readInto = file.prepareTensors(expected, given ? [countsName] : []);
  requireMemory(4 * countElements(expected), `the training in ${shown}`);
  const lists = expected.map((tensor) => new Float32Array(elementsOf(tensor)));
  const [bytes] = readInto(lists);
  const moments = momentCount(config.optimizer);
  const perLayer = cellOf(model).states.length;
  const averages = config.average > 0 ? 1 : 0;
  const states = lists.slice(1 + moments + averages);
  const counts = given && head && readTable(given, head, bytes, model.vocabulary);
  return {
    counts: counts && counts.context === config.counts ? counts : undefined,
    weights: lists[0],
    moments: lists.slice(1, 1 + moments),
    average: averages > 0 ? lists[1 + moments] : undefined,
    hidden: Array.from({ length: carriedLayers(model) }, (_, l) =>
      states.slice(l * perLayer, (l + 1) * perLayer),
    ),
  };
}
