/**
 * charnn as a library: the same parts the command line is made of. Nothing here prints or exits;
 * errors a person can act on are `CharnnError`s.
 */

export { type Study, study } from './analyse/analysis.js';
export { type GradientFlow, gradientFlow } from './analyse/gradient-flow.js';
export { type RecurrentSpectrum, recurrentSpectra } from './analyse/spectra.js';
export type { Backend } from './backend/backend.js';
export type { BackendName, Device, DeviceHandle, Scope } from './backend/device.js';
export { openDevice } from './backend/open-device.js';
export { readModel as load, writeModel as save } from './checkpoint/model-file.js';
export { readLastModel, readState, statePath, writeState } from './checkpoint/state-file.js';
export { type CompressOptions, compress, decompress } from './compress/codec.js';
export { CharnnError, DivergenceError, OptionError, UsageError } from './errors.js';
export { DynamicReader } from './evaluate/dynamic-evaluator.js';
export { type Evaluation, evaluate } from './evaluate/evaluate.js';
export { type LineScoring, type ScoredLine, scoreLines } from './evaluate/score-lines.js';
export { type Model, type NamedTensor, namedTensors } from './model/model.js';
export type { CellName, ModelConfig } from './model/model-config.js';
export { type Generation, generate } from './sample/generate.js';
export type { SampleOptions } from './sample/sample-rows.js';
export { sample } from './sample/sample-text.js';
export type { SampleSettings } from './sample/settings.js';
export { type Corpus, loadCorpus } from './text/corpus.js';
export type { FolderReport } from './text/folders.js';
export type { ReadingOptions } from './text/reading-options.js';
export { fitToCorpus, splitCorpus } from './text/split.js';
export type { Ids, NormalForm, TextOptions, TextUnit } from './text/unit.js';
export { Vocabulary } from './text/vocabulary.js';
export type { TrainEvent } from './train/events.js';
export type { TrainingJob } from './train/job.js';
export {
  checkTrainOptions,
  type Picked,
  type ResolvedTraining,
  resolveTraining,
} from './train/resolve.js';
export { runTraining as train } from './train/run.js';
export type { TrainingState } from './train/saving/training-state.js';
export type { TrainOptions } from './train/schema/schema.js';
export type { TrainConfig } from './train/train-config.js';
