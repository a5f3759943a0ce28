/** Small models and training states for the tests of their files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Model } from '#charnn/model/model.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

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
