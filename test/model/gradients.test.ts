/**
 * Gradients of every parameter against central differences, in float64 on the reference back end.
 */
import { describe, test } from 'vitest';
import { cellNames } from '#charnn/model/cells/cells.js';
import { type Case, checkGradients, checkStateGradient } from './gradient-check.js';

describe.each(cellNames)('%s', (cell) => {
  const base = { cell, hidden: 5, vocabulary: 7 } as const;
  const layerNorm = [1, 2].flatMap((layers): [string, Case][] => {
    const config = { ...base, layers, embedding: 3, layerNorm: true };
    const masks = { dropout: 0.4, locked: true, weightDrop: 0.3 };
    return [
      [`${layers} layers, layer normalisation`, { config, T: 4, B: 3, dropout: 0 }],
      [`${layers} layers, layer normalisation, dropouts`, { config, T: 4, B: 3, ...masks }],
    ];
  });
  const cases: [string, Case][] = [
    ...[1, 2, 3].map((layers): [string, Case] => [
      `${layers} layers`,
      { config: { ...base, layers, embedding: 3 }, T: 4, B: 3, dropout: 0 },
    ]),
    ...[1, 2, 3].map((layers): [string, Case] => [
      `${layers} layers with dropout`,
      { config: { ...base, layers, embedding: 3 }, T: 4, B: 3, dropout: 0.4 },
    ]),
    ...[1, 2].map((layers): [string, Case] => [
      `${layers} layers with locked dropout and weight drop`,
      {
        ...{ config: { ...base, layers, embedding: 3 }, T: 4, B: 3 },
        ...{ dropout: 0.4, locked: true, weightDrop: 0.3 },
      },
    ]),
    ...[0, 0.4].map((dropout): [string, Case] => [
      `3 layers, residual, dropout ${dropout}`,
      { config: { ...base, layers: 3, embedding: 3, residual: true }, T: 4, B: 3, dropout },
    ]),
    ...(cell === 'lstm' ? layerNorm : []),
    [
      'weight drop alone',
      { config: { ...base, layers: 2, embedding: 3 }, T: 4, B: 3, dropout: 0, weightDrop: 0.5 },
    ],
    ['one-hot input', { config: { ...base, layers: 2, embedding: 0 }, T: 4, B: 3, dropout: 0 }],
    [
      'fewer rows than characters',
      { config: { ...base, layers: 1, embedding: 3 }, T: 2, B: 2, dropout: 0 },
    ],
  ];

  test.each(cases)('every gradient agrees with central differences to 1e-6: %s', (_, c) => {
    checkGradients(c);
  });

  test('gradient with respect to the initial state agrees to 1e-6', () => {
    const c = { config: { ...base, layers: 1, embedding: 3 }, T: 4, B: 2, dropout: 0 };
    checkStateGradient(c);
  });
});
