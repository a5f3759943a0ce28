/** A pass over what is learnt from, and what is validated on: how long they are. */
import { PairBatches } from '../model/pairs/pair-batches.js';
import { targetCharacters, targetsUnknown } from '../model/pairs/pair-table.js';
import { Streams } from '../text/streams.js';
import type { TrainingText } from './job.js';
import type { TrainConfig } from './train-config.js';

export interface Pass {
  readonly steps: number;
  /** Characters that a step predicts, on average */
  readonly charactersPerStep: number;
  /** Characters of the training text and of the validation text, as they are reported */
  readonly trainCharacters: number;
  readonly validationCharacters: number;
  /** Characters that a validation predicts */
  readonly predicted: number;
  /** Counts how many of them are unknown. */
  unknown(): number;
}

export function passOver(corpus: TrainingText, config: TrainConfig): Pass {
  const { train, validation, vocabulary, pairs } = corpus;
  const { batchSize, seqLength, seed } = config;
  if (pairs) {
    const steps = new PairBatches(train, pairs.train, pairs.marks, batchSize, seed).batchesPerPass;
    const trainCharacters = targetCharacters(pairs.train);
    const predicted = targetCharacters(pairs.validation);
    return {
      ...{ steps, trainCharacters, predicted, validationCharacters: predicted },
      charactersPerStep: trainCharacters / steps,
      unknown: () => targetsUnknown(validation, pairs.validation, vocabulary.unknownId),
    };
  }
  return {
    steps: new Streams(train, batchSize, seqLength).chunksPerPass,
    charactersPerStep: batchSize * seqLength,
    trainCharacters: train.length,
    validationCharacters: validation.length,
    predicted: Math.max(0, validation.length - 1),
    unknown: () => vocabulary.countUnknown(validation.subarray(1)),
  };
}
