/** Every cell of the library: its symbolic derivatives against central differences, in float64. */
import { describe, test } from 'vitest';
import { libraryNames, libraryText } from '#charnn/cells/cell-library.js';
import { type Case, checkGradients, checkStateGradient } from '../model/gradient-check.js';

describe.each(libraryNames)('%s', (cell) => {
  const base = { cell, equations: libraryText(cell), hidden: 5, vocabulary: 7, embedding: 3 };
  // where a function has a kink, no difference may reach across it
  const hasKink = /relu|max/.test(base.equations);
  const size = { T: 4, B: 3, ...(hasKink && { step: 1e-5 }) };
  const cases: [string, Case][] = [
    ...[1, 2].map((layers): [string, Case] => [
      `${layers} layers with dropout`,
      { config: { ...base, layers }, ...size, dropout: 0.4 },
    ]),
    [
      'residual, locked dropout and weight drop',
      {
        ...{ config: { ...base, layers: 2, residual: true }, ...size },
        ...{ dropout: 0.4, locked: true, weightDrop: 0.3 },
      },
    ],
    ['one-hot input', { config: { ...base, layers: 1, embedding: 0 }, ...size, dropout: 0 }],
    ['fewer rows than characters', { config: { ...base, layers: 1 }, T: 2, B: 2, dropout: 0 }],
  ];

  test.each(cases)('every gradient agrees with central differences to 1e-6: %s', (_, c) => {
    checkGradients(c);
  });

  test('gradient with respect to the initial state agrees to 1e-6', () => {
    checkStateGradient({ ...size, config: { ...base, layers: 1 }, dropout: 0 });
  });
});
