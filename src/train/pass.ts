/** One pass over the training data, a text or pairs: how many steps and characters it and its validation have. */
import { PairBatches } from '../model/pairs/pair-batches.js';
import { targetCharacters, targetsUnknown } from '../model/pairs/pair-table.js';
import { idsInMemory } from '../text/id-list.js';
import { streamsOf } from '../text/streams.js';
import type { TrainingText } from './job.js';
import type { TrainConfig } from './train-config.js';

export interface Pass {
  readonly steps: number;
  /** Mean number of characters that a step predicts */
  readonly charactersPerStep: number;
  /** Number of characters of the training and the validation text, as messages report it */
  readonly trainCharacters: number;
  readonly validationCharacters: number;
  /** Number of characters that a validation predicts */
  readonly predicted: number;
  /** Counts how many of the characters that a validation predicts are unknown. */
  unknown(): number;
}

export function passOver(corpus: TrainingText, config: TrainConfig): Pass {
  const { train, validation, vocabulary, pairs } = corpus;
  const { batchSize, seqLength, seed } = config;
  if (pairs) {
    const ids = idsInMemory(train);
    const steps = new PairBatches(ids, pairs.train, pairs.marks, batchSize, seed).batchesPerPass;
    const trainCharacters = targetCharacters(pairs.train);
    const predicted = targetCharacters(pairs.validation);
    return {
      ...{ steps, trainCharacters, predicted, validationCharacters: predicted },
      charactersPerStep: trainCharacters / steps,
      unknown: () => targetsUnknown(validation, pairs.validation, vocabulary.unknownId),
    };
  }
  return {
    steps: streamsOf(train.length, { batchSize, seqLength }).chunksPerPass,
    charactersPerStep: batchSize * seqLength,
    trainCharacters: train.length,
    validationCharacters: validation.length,
    predicted: Math.max(0, validation.length - 1),
    unknown: () => vocabulary.countUnknown(validation.subarray(1)),
  };
}
