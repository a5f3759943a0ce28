/** Small models and training states for the tests of their files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Model } from '#charnn/model/model.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { plainTraining } from '#charnn/train/config.js';
import type { TrainingState } from '#charnn/train/state.js';

/** A folder that is gone after the tests. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'charnn checkpoint '));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function smallModel(): Model {
  const vocabulary = Vocabulary.of(
    'char',
    Array.from('\na한🦊', (c) => c.codePointAt(0) ?? 0),
  );
  const config = {
    cell: 'gru',
    layers: 1,
    hidden: 2,
    embedding: 2,
    vocabulary: vocabulary.size,
  } as const;
  const weights = initialValues(parameterTable(config), 1);
  weights[0] = -0;
  weights[1] = 1e-42;
  return {
    config,
    vocabulary,
    text: { unit: 'char', keepCr: false, normalize: 'nfc' },
    weights,
    training: { step: 7, optimizer: { epsilon: 1e-8 } },
    history: [{ step: 7, trainLoss: 1.25, validationLoss: null }],
  };
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
    tally: { steps: 1, loss: 2, gradientNorm: 3, clipped: 0 },
    moments: [weights.map((x) => x / 2), weights.map((x) => x * x)],
    average: undefined,
    hidden: [[new Float32Array([0.5, -0.25])]],
  };
}
