/**
 * charnn as a library. Every function is asynchronous, and nothing here prints or exits. Errors that the user can do
 * something about are `CharnnError`s, which name options as programs write them.
 */
import './node-version.js';

export type { PairEvaluation } from './convert/evaluate-pairs.js';
export { CharnnError, DivergenceError, UsageError } from './errors.js';
export type { Evaluation } from './evaluate/evaluate.js';
export type { AbortSignalLike } from './library/abort.js';
export {
  Corpus,
  type CorpusOptions,
  type StringOptions,
  type TextStream,
} from './library/corpus.js';
export type { InputLine, LineScore } from './library/line-scores.js';
export type {
  ConvertedTarget,
  ConvertInput,
  GivenSource,
  LineTargets,
} from './library/line-targets.js';
export { Model } from './library/model.js';
export type {
  Architecture,
  CompressOptions,
  ConvertOptions,
  EvaluateFileOptions,
  EvaluatePairsOptions,
  EvaluateTextOptions,
  LoadOptions,
  SampleOptions,
  SampleTextOptions,
  SaveOptions,
  ScoreOptions,
} from './library/model-options.js';
export { type TrainOptions, train } from './library/train-on-corpus.js';
export type { ProgressEvent, TrainEvent } from './train/events.js';
