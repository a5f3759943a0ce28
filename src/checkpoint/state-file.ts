/** The training state: what `--resume` needs beyond the model, in a second file beside it. */
import { extname } from 'node:path';
import { requireMemory } from '../backend/memory.js';
import { CharnnError } from '../errors.js';
import { cells } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/config.js';
import type { Model } from '../model/model.js';
import { parameterTable } from '../model/parameters.js';
import { quote } from '../text/quote.js';
import { withSeparator } from '../text/separator.js';
import type { TrainConfig } from '../train/config.js';
import type { LengthPlan } from '../train/length.js';
import { momentCount } from '../train/optimizer.js';
import type { TrainingState } from '../train/state.js';
import { writeFileAtomically } from './atomic.js';
import type { Fields } from './fields.js';
import {
  CheckpointFile,
  fileJson,
  limits,
  readHistory,
  readModelConfig,
  readSeparator,
  readTextOptions,
  readVocabulary,
} from './json.js';
import { elementsOf, type NamedValues, type TensorShape } from './tensors.js';
import { readTrainConfig } from './train-config.js';

export const stateFormat = 'charnn-state';
export const stateVersion = 4;
/** What an earlier charnn can go on with: it knows nothing of documents. */
const plainStateVersion = 3;

/** `charnn.json` → `charnn.state.json` */
export function statePath(modelPath: string): string {
  const extension = extname(modelPath);
  return `${modelPath.slice(0, modelPath.length - extension.length)}.state${extension || '.json'}`;
}

export async function writeState(path: string, state: TrainingState): Promise<void> {
  const { weights, moments, average, hidden, vocabulary, ...rest } = state;
  const head = {
    format: stateFormat,
    version: state.config.documents ? stateVersion : plainStateVersion,
    ...rest,
    vocabulary: vocabulary.toJSON(),
  };
  const lists = [weights, ...moments, ...(average ? [average] : []), ...hidden.flat()];
  const tensors: NamedValues[] = expectedTensors(state.model, state.config).map((tensor, i) => ({
    ...tensor,
    values: lists[i],
  }));
  await writeFileAtomically(path, fileJson(head, tensors, false));
}

/** About what a state's file takes. */
export function stateBytes(model: ModelConfig, config: TrainConfig): number {
  return (countElements(expectedTensors(model, config)) * 4 * 4) / 3;
}

/**
 * Reads a training state and checks every field of it.
 * @throws CharnnError naming the file and the field that is wrong
 */
export function readState(path: string): Promise<TrainingState> {
  return CheckpointFile.read(path, stateFormat, stateVersion, (file) => stateOf(file, quote(path)));
}

/**
 * Reads the latest model of a training from its state: the average of the weights, where one is kept.
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
  const tally = fields.fields('tally');
  const most = Number.MAX_SAFE_INTEGER;
  const { weights, moments, average, hidden } = readLists(file, model, config, shown);
  return {
    config,
    model,
    vocabulary: readVocabulary(fields, model),
    text: readTextOptions(fields.fields('text')),
    ...withSeparator(readSeparator(fields)),
    provenance: fields.record('provenance'),
    source: fields.record('source'),
    id: fields.get('id') === undefined ? undefined : fields.string('id'),
    step: fields.integer('step', 0, most),
    seconds: fields.number('seconds'),
    plan: readPlan(fields.fields('plan')),
    bestLoss: fields.numberOrNull('bestLoss'),
    plateau: { factor: plateau.number('factor'), waited: plateau.integer('waited', 0, most) },
    tally: {
      steps: tally.integer('steps', 0, most),
      loss: tally.number('loss'),
      gradientNorm: tally.number('gradientNorm'),
      clipped: tally.number('clipped'),
    },
    rollbacks: fields.get('rollbacks') === undefined ? 0 : fields.integer('rollbacks', 0, most),
    ...(fields.get('isFineTuning') !== undefined && {
      isFineTuning: fields.boolean('isFineTuning'),
    }),
    ...(fields.get('validationUnknown') !== undefined && {
      validationUnknown: fields.integer('validationUnknown', 0, most),
    }),
    history: readHistory(fields),
    weights,
    moments,
    average,
    hidden,
  };
}

function readPlan(fields: Fields): LengthPlan {
  return { steps: fields.numberOrNull('steps'), evalEvery: fields.numberOrNull('evalEvery') };
}

/** Names and shapes of a state's tensors, in order: weights, moments, average, hidden states. */
function expectedTensors(model: ModelConfig, config: TrainConfig) {
  const { flatSize } = parameterTable(model);
  const moments = Array.from({ length: momentCount(config.optimizer.name) }, (_, i) => ({
    name: `moment${i + 1}`,
    shape: [flatSize],
  }));
  const average = config.average > 0 ? [{ name: 'average', shape: [flatSize] }] : [];
  const hidden = Array.from({ length: model.layers }, (_, l) =>
    cells[model.cell].states.map((state) => ({
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
  const readInto = file.prepareTensors(expected);
  requireMemory(4 * countElements(expected), `the training in ${shown}`);
  const lists = expected.map((tensor) => new Float32Array(elementsOf(tensor)));
  readInto(lists);
  const moments = momentCount(config.optimizer.name);
  const perLayer = cells[model.cell].states.length;
  const averages = config.average > 0 ? 1 : 0;
  const states = lists.slice(1 + moments + averages);
  return {
    weights: lists[0],
    moments: lists.slice(1, 1 + moments),
    average: averages > 0 ? lists[1 + moments] : undefined,
    hidden: Array.from({ length: model.layers }, (_, l) =>
      states.slice(l * perLayer, (l + 1) * perLayer),
    ),
  };
}
