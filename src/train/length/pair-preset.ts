/** Picks size, dropout and length of a training on pairs by the number of pairs, if they are not given. */
import type { TrainLength } from '../train-config.js';
import type { Size } from './preset.js';

/** Recorded as the sequence length, although pairs have none */
export const pairSteps = 64;

export interface PairPreset {
  readonly model: Size;
  readonly dropout: number;
  readonly batchSize: number;
  readonly length: TrainLength;
}

/** Limits of the usual number of passes over the pairs; the fewer pairs there are, the more often they are read. */
const minEpochs = 15;
const maxEpochs = 100;
const usualVisits = 400_000;

export function pairPreset(pairs: number): PairPreset {
  const epochs = Math.round(Math.min(maxEpochs, Math.max(minEpochs, usualVisits / pairs)));
  const length = { kind: 'epochs', epochs } as const;
  const model = (hidden: number) => ({ layers: 1, hidden, embedding: 64 });
  if (pairs < 5_000) return { model: model(128), dropout: 0.4, batchSize: 16, length };
  if (pairs < 50_000) return { model: model(192), dropout: 0.3, batchSize: 32, length };
  return { model: model(256), dropout: 0.2, batchSize: 64, length };
}
