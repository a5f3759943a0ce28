/** Divides a training text between processes: each holds in memory what its rows of the batch read. */
import { reach } from '../../counts/ngram-layout.js';
import type { IdList } from '../../text/id-list.js';
import { partOfRows, streamsOf, type TextPart } from '../../text/streams.js';
import type { TrainingText } from '../job.js';
import { partition } from '../replicas/replica-plan.js';
import type { TrainConfig } from '../train-config.js';

export interface TextShare {
  readonly ids: IdList;
  /** Which part of the training text the ids are */
  readonly part: TextPart;
  /**
   * Where the characters whose n-grams this process counts are in `ids`: those of its rows, and in the last process
   * also those after the last row
   */
  readonly counted: { readonly from: number; readonly to: number };
}

/**
 * The share of a process in a training text.
 * @param processes number of processes
 */
export function shareOf(
  rank: number,
  processes: number,
  { batchSize, threads }: Pick<TrainConfig, 'batchSize' | 'threads'>,
  { train, documents }: Pick<TrainingText, 'train' | 'documents'>,
): TextShare {
  const local = threads / processes;
  const first = partition(batchSize, local * rank, threads).first;
  const end = partition(batchSize, local * (rank + 1), threads).first;
  // contexts of n-grams, and separators of documents, that end where the rows begin
  const before = Math.max(reach, documents?.train.separator.length ?? 0);
  const { ids, part } = partOfRows(train, batchSize, first, end, before);
  const { length } = streamsOf(train.length, { batchSize, seqLength: 1 });
  const to = end === batchSize ? ids.length : end * length - part.start;
  return { ids, part, counted: { from: first * length - part.start, to } };
}
