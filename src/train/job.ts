/** The input of a training run: text, model, configuration, and the state from which it continues. */

import type { NgramTable } from '../counts/ngram-table.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Beside, Model } from '../model/model-data.js';
import type { IdList } from '../text/id-list.js';
import type { Ids, TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { TrainEvent } from './events.js';
import type { TrainingDocuments, TrainingPairs } from './replicas/replica-plan.js';
import type { CheckpointSink } from './saving/checkpoint-sink.js';
import type { TrainingState } from './saving/training-state.js';
import type { TrainConfig } from './train-config.js';

export interface TrainingText {
  /** In a file if several processes share the text, each of which has only a part of it in memory */
  readonly train: IdList;
  /**
   * The validation text. It may be empty; then the best model is the one with the lowest training loss. Unknown
   * characters cost the same as in `evaluate`.
   */
  readonly validation: Ids;
  readonly vocabulary: Vocabulary;
  readonly text: TextOptions;
  /** The text that ends each record, if the text is made of records */
  readonly separator?: string | undefined;
  /** The columns beside the text, if there are any: labels and vectors */
  readonly beside?: Beside | undefined;
  /** The documents of the text, if each file or record is learned by itself (`TrainConfig.documents`) */
  readonly documents?: TrainingDocuments | undefined;
  /**
   * The pairs, in a training run on pairs. If training and validation pairs are parts of one list of ids, both `train`
   * and `validation` are this whole list.
   */
  readonly pairs?: TrainingPairs | undefined;
  /** The text whose n-grams are counted: the training text together with the part held out at its beginning */
  readonly counted?: IdList | undefined;
  /**
   * Facts about the text that the model records; they contain no times or paths, so that equal training runs write
   * equal bytes
   */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** A training run that can begin, or resume from its state */
export interface PreparedTraining {
  readonly corpus: TrainingText;
  readonly model: Omit<ModelConfig, 'vocabulary'>;
  readonly config: TrainConfig;
  /** The paths and reading options of the text, which are recorded only in the state */
  readonly source: Readonly<Record<string, unknown>>;
  /** The state to resume from, which must have the same model and text */
  readonly resume?: TrainingState;
  /** The best model so far, if the training is resumed */
  readonly best?: Model;
  /** n-gram counts of an earlier model, in ids of the job's vocabulary, to which the counts of this text are added */
  readonly givenCounts?: NgramTable | undefined;
  /** A model whose weights the training starts from; the vocabularies are matched by character. */
  readonly initFrom?: Model;
}

/** A prepared training run, its outputs and its listener */
export interface TrainingJob extends PreparedTraining {
  readonly sink: CheckpointSink;
  onEvent(event: TrainEvent): void;
  /** Stops the training after the current step and saves. */
  readonly signal?: AbortSignal;
}
