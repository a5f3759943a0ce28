/** What a training is given: text, model, configuration, and where to go on from. */

import type { NgramTable } from '../counts/ngram-table.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import type { Ids, TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { TrainEvent } from './events.js';
import type { TrainingDocuments } from './replicas/replica-plan.js';
import type { CheckpointSink } from './saving/checkpoint-sink.js';
import type { TrainingState } from './saving/training-state.js';
import type { TrainConfig } from './train-config.js';

export interface TrainingText {
  readonly train: Ids;
  /**
   * May be empty: then the training loss tells which model is best. Unknown characters in it cost what
   * they cost in `evaluate`.
   */
  readonly validation: Ids;
  readonly vocabulary: Vocabulary;
  readonly text: TextOptions;
  /** What ends each record of the text, if it is made of records */
  readonly separator?: string | undefined;
  /** Where each file or record is to be learnt by itself (`TrainConfig.documents`) */
  readonly documents?: TrainingDocuments | undefined;
  /** Where n-grams are counted: the training text with what is held out at its beginning */
  readonly counted?: Ids | undefined;
  /** What the text was; recorded in the model, so without times and paths */
  readonly provenance: Readonly<Record<string, unknown>>;
}

export interface TrainingJob {
  readonly corpus: TrainingText;
  readonly model: Omit<ModelConfig, 'vocabulary'>;
  readonly config: TrainConfig;
  /** Where the text came from; recorded in the state alone */
  readonly source: Readonly<Record<string, unknown>>;
  /** Goes on from here; its model and text must be the job's. */
  readonly resume?: TrainingState;
  /** With `resume`: the best model so far */
  readonly best?: Model;
  /** Counts of another text to go on from, in ids of the job's vocabulary */
  readonly givenCounts?: NgramTable | undefined;
  /** Starts from these weights, matched by character. */
  readonly initFrom?: Model;
  readonly sink: CheckpointSink;
  onEvent(event: TrainEvent): void;
  /** Stops after the step under way and saves. */
  readonly signal?: AbortSignal;
}
