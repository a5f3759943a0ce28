/** A small model and a small training state that have something in every field of their files. */
import type { Model } from '#charnn/model/model-data.js';
import type { TrainingState } from '#charnn/train/saving/training-state.js';
import { plainTraining } from '#charnn/train/train-config.js';
import { buildModel } from '../small-model.js';

export function smallModel(): Model {
  const model = buildModel({ symbols: '\na한🦊', cell: 'gru', hidden: 2, embedding: 2 });
  model.weights[0] = -0;
  model.weights[1] = 1e-42;
  return {
    ...model,
    text: { unit: 'char', keepCr: false, normalize: 'nfc' },
    training: { step: 7, optimizer: { epsilon: 1e-8 } },
    history: [{ step: 7, trainLoss: 1.25, validationLoss: null }],
  };
}

/** A model of pairs whose targets are symbols separated by blanks, some of them single characters */
export function smallPairModel(): Model {
  const sizes = { hidden: 2, embedding: 2, pairs: true } as const;
  const model = buildModel({ symbols: '\t\nabR\u{f0000}\u{f0001}', scale: 3, ...sizes });
  const pairs = { source: 'char', target: 'symbol', symbols: ['AA', 'OW'] } as const;
  return { ...model, text: { ...model.text, pairs }, training: { step: 7 } };
}

export function smallState(): TrainingState {
  const { config, vocabulary, text, weights, history } = smallModel();
  const lists = { batchSize: 1, seqLength: 2, threads: 1, backend: 'reference' } as const;
  return {
    config: { ...plainTraining, ...lists },
    ...{ model: config, vocabulary, text, weights, history },
    ...{ provenance: { sha256: 'x' }, source: { texts: ['a.txt'] }, id: 'small', step: 7 },
    ...{ seconds: 1.5, plan: { steps: 9, evalEvery: null }, bestLoss: 1.25, rollbacks: 1 },
    plateau: { factor: 0.5, waited: 2 },
    tally: {
      ...{ steps: 1, loss: 2, gradientNorm: 3, clipped: 0 },
      ...{ maxGradientNorm: 1.5, lastGradientNorm: 0.5 },
    },
    moments: [weights.map((x) => x / 2), weights.map((x) => x * x)],
    average: undefined,
    hidden: [[new Float32Array([0.5, -0.25])]],
  };
}
