/**
 * Everything that a training run needs to continue exactly where it stopped. The position in the data, dropout masks
 * and the learning rate follow from the step.
 */

import type { NgramTable } from '../../counts/ngram-table.js';
import type { ModelConfig } from '../../model/model-config.js';
import type { Beside, HistoryEntry } from '../../model/model-data.js';
import type { Numbers } from '../../model/number-list.js';
import type { TextOptions } from '../../text/unit.js';
import type { Vocabulary } from '../../text/vocabulary.js';
import type { LengthPlan } from '../length/step-budget.js';
import type { RunningMetrics } from '../replicas/shared-control.js';
import type { TrainConfig } from '../train-config.js';
import type { HistorySummary } from './history.js';

export interface TrainingState {
  readonly config: TrainConfig;
  readonly model: ModelConfig;
  readonly vocabulary: Vocabulary;
  readonly text: TextOptions;
  /** The text that ends each record, if the text consists of records */
  readonly separator?: string | undefined;
  /** The columns with labels or vectors beside the text, if there are any */
  readonly beside?: Beside | undefined;
  /** Facts about the text, recorded in the model and compared on resuming */
  readonly provenance: Readonly<Record<string, unknown>>;
  /** The paths and reading options of the text, as the caller records them */
  readonly source: Readonly<Record<string, unknown>>;
  /** Id of the training and of the models it saves; missing in files of version 1 */
  readonly id: string | undefined;
  /** Number of steps done */
  readonly step: number;
  /** Seconds of training done, for a training run with a time limit */
  readonly seconds: number;
  /** The plan of a training run with a time limit, once it is settled */
  readonly plan: LengthPlan;
  /** Lowest validation loss (or training loss, without a validation text) so far */
  readonly bestLoss: number | null;
  readonly plateau: { readonly factor: number; readonly waited: number };
  readonly tally: RunningMetrics;
  /** The number of rollbacks so far */
  readonly rollbacks: number;
  /** Whether the training run started from a given model; absent means that it did not */
  readonly isFineTuning?: boolean;
  /**
   * Number of unknown characters in validation whose cost is part of the history's losses; absent, as in older files,
   * means that none is
   */
  readonly validationUnknown?: number;
  /** n-gram counts of an earlier model to which this training adds its own */
  readonly counts?: NgramTable | undefined;
  /** The validations; of a long training run only some */
  readonly history: readonly HistoryEntry[];
  /** A summary of all validations, if the history has been thinned */
  readonly validations?: HistorySummary | undefined;
  /** Flat lists of parameters, as in the parameter table */
  readonly weights: Float32Array;
  readonly moments: readonly Float32Array[];
  /** Moving average of the weights, if one is kept */
  readonly average: Float32Array | undefined;
  /** Hidden state of the whole batch, [B, H] by layer and state */
  readonly hidden: readonly (readonly Float32Array[])[];
}

/** A state that a training run submits for saving; its long lists may be stored outside of memory */
export interface StoredState extends Omit<TrainingState, 'weights' | 'moments' | 'average'> {
  readonly weights: Numbers;
  readonly moments: readonly Numbers[];
  readonly average: Numbers | undefined;
}
