/**
 * The data that every replica of a training run receives at its start: sizes, and handles of the shared tensors. It is
 * passed by `postMessage`, so it consists of plain data and shared memory.
 */
import type { SharedTensor } from '../../backend/backend.js';
import type { DeviceHandle } from '../../backend/device.js';
import type { ModelConfig } from '../../model/model-config.js';
import type { PairMarks, PairTable } from '../../model/pairs/pair-table.js';
import type { Documents } from '../../text/documents.js';
import type { TextPart } from '../../text/streams.js';
import type { Ids } from '../../text/unit.js';
import type { TrainConfig } from '../train-config.js';
import type { MixingPlan } from './mixing.js';

/** The documents of the training text and of the validation text */
export interface TrainingDocuments {
  readonly train: Documents;
  readonly validation: Documents;
  /** The documents of the text that is held out for fitting the weights of n-gram counts, if documents have labels */
  readonly held?: Documents | undefined;
}

/** The pairs of the training and the validation text, in a training run on pairs */
export interface TrainingPairs {
  readonly marks: PairMarks;
  readonly train: PairTable;
  readonly validation: PairTable;
}

export interface ReplicaPlan {
  readonly device: DeviceHandle;
  readonly control: SharedArrayBuffer;
  readonly model: ModelConfig;
  readonly config: TrainConfig;
  readonly train: Ids;
  /** Which part of the whole training text `train` is; absent if `train` is all of it */
  readonly part?: TextPart | undefined;
  readonly validation: Ids;
  /** The documents of the text, if each file or record is a document */
  readonly documents?: TrainingDocuments | undefined;
  readonly pairs?: TrainingPairs | undefined;
  /** n-gram counts to be mixed with the network; absent in a training run without counts */
  readonly mixing?: MixingPlan | undefined;
  /** Index of this replica among those of all processes, and the total number of replicas */
  readonly index: number;
  readonly replicas: number;
  /** Rank and number of the processes that train together; absent if there is only one */
  readonly processes?: Processes | undefined;
  /** This replica has rows [firstRow, firstRow + rows) of the batch. */
  readonly firstRow: number;
  readonly rows: number;
  /** Flat lists of parameters: the replicas of a process share weights and moments, each has its own gradients. */
  readonly weights: SharedTensor;
  readonly moments: readonly SharedTensor[];
  /** The moving average of the weights, if one is kept */
  readonly ema: SharedTensor | undefined;
  readonly gradients: readonly SharedTensor[];
  /** Where a replica records how long its operations take, if that is wanted */
  readonly times?: SharedArrayBuffer | undefined;
  /** This replica's rows of the hidden state, [rows, H] by layer and state */
  readonly state: readonly (readonly SharedTensor[])[];
  /**
   * If several processes train: the rows of the hidden state by replica, as in `state`, but empty for the replicas
   * whose rows this process does not have. The first process has the rows of all replicas.
   */
  readonly states?: readonly (readonly (readonly SharedTensor[])[])[] | undefined;
}

/** The processes of a training run, each of which has the same number of replicas */
export interface Processes {
  readonly rank: number;
  readonly size: number;
}

/** An order from the main thread, which all replicas receive. */
export type Order =
  | { readonly type: 'run'; readonly firstStep: number; readonly learningRates: Float64Array }
  | { readonly type: 'validate' }
  /** Fits the weights with which n-gram counts are mixed with the network. */
  | { readonly type: 'fit' }
  /** Copies weights, moments and average of the first process to all others. */
  | { readonly type: 'spread' }
  /**
   * Collects the moments and averages that each process keeps of its own parameters, and on the first process the
   * hidden states of the whole batch.
   */
  | { readonly type: 'gather' };

/** A replica's reply to an order */
export type Reply =
  | { readonly type: 'ran'; readonly result: RunResult }
  | { readonly type: 'validated'; readonly nats: number; readonly mixed: number }
  | { readonly type: 'fitted' }
  /** The reply to an order of type 'spread' or 'gather': parameters have been copied between processes. */
  | { readonly type: 'copied' };

export interface RunResult {
  /** Number of steps done since the training began */
  readonly step: number;
  /** The loss or gradient norm that was not finite or was far too large; it has not been used for an update */
  readonly diverged: { readonly loss: number; readonly gradientNorm: number } | undefined;
}

/** Splits `total` rows into contiguous shares whose sizes differ by at most one. */
export function partition(
  total: number,
  index: number,
  count: number,
): { first: number; size: number } {
  const first = Math.floor((total * index) / count);
  return { first, size: Math.floor((total * (index + 1)) / count) - first };
}

/** A replica's place among the replicas of its own process. */
export function localShare({
  index,
  replicas,
  processes = { rank: 0, size: 1 },
}: Pick<ReplicaPlan, 'index' | 'replicas' | 'processes'>): { index: number; count: number } {
  const count = replicas / processes.size;
  return { index: index - processes.rank * count, count };
}
