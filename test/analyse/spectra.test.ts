/** Singular values and spectral radii against LAPACK and against matrices built to have them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { singularValues } from '#charnn/analyse/singular-values.js';
import { recurrentSpectra, spectralRadius } from '#charnn/analyse/spectra.js';
import { Random } from '#charnn/model/random.js';
import { availableDevices, referenceScope } from '../backends.js';
import { orthogonal, product } from './matrices.js';

const file = new URL('../fixtures/spectra.json', import.meta.url);
const fixture: { n: number; singularValues: number[]; spectralRadius: number } = JSON.parse(
  readFileSync(file, 'utf8'),
);
const { n } = fixture;
const matrix = Array.from({ length: n * n }, (_, i) => Math.sin(1 + 0.7 * i ** 1.1) / Math.sqrt(n));

describe('singular values', () => {
  test("agree with LAPACK's to 1e-10", () => {
    const found = singularValues(matrix, n);
    fixture.singularValues.forEach((value, i) => {
      expect(Math.abs(found[i] - value)).toBeLessThan(1e-10);
    });
  });

  test('are those a matrix was built from: over many magnitudes, repeated, and zero', () => {
    const built = [1e3, 7, 7, 1, 0.5, 1e-3, 1e-6, 0];
    const size = built.length;
    const random = new Random(3);
    const diagonal = built.flatMap((s, i) => built.map((_, j) => (i === j ? s : 0)));
    const left = product(orthogonal(random, size), diagonal, size);
    const found = singularValues(product(left, orthogonal(random, size), size), size);
    built.forEach((value, i) => {
      expect(Math.abs(found[i] - value)).toBeLessThan(1e-11);
    });
  });

  test('of a zero matrix are zero, of one number its absolute value', () => {
    expect([...singularValues([0, 0, 0, 0], 2)]).toEqual([0, 0]);
    expect(singularValues([-3], 1)[0]).toBeCloseTo(3, 12);
  });
});

describe('the spectral radius', () => {
  test.each(availableDevices)("agrees with LAPACK's to 1e-5: %s", async (_, openScope) => {
    const found = await spectralRadius(openScope(), matrix, n);
    expect(Math.abs(found - fixture.spectralRadius)).toBeLessThan(1e-5);
  });

  test('of a rotation is 1, of a nilpotent matrix 0', async () => {
    const backend = referenceScope('float64');
    expect(await spectralRadius(backend, [0.6, -0.8, 0.8, 0.6], 2)).toBeCloseTo(1, 7);
    expect(await spectralRadius(backend, [0, 5, 0, 0], 2)).toBe(0);
  });
});

test('a gated cell has a spectrum a gate and layer', async () => {
  const config = { cell: 'gru', layers: 2, hidden: 3, embedding: 0, vocabulary: 4 } as const;
  const weights = new Float32Array(1000).fill(0.5);
  const spectra = await recurrentSpectra(referenceScope(), config, weights);
  expect(spectra.map(({ layer, gate }) => `${gate} ${layer}`)).toEqual(
    [0, 1].flatMap((l) => ['reset', 'update', 'new'].map((gate) => `${gate} ${l}`)),
  );
  for (const { singularValues: values, spectralRadius: radius } of spectra) {
    expect(values[0]).toBeCloseTo(1.5, 6);
    expect(radius).toBeCloseTo(1.5, 5);
  }
});
