/** Cases at the sizes where vectors, tiles and blocks begin and end, at every instruction level. */
import { type LibraryName, libraryText } from '#charnn/cells/cell-library.js';
import { casesOfCells } from '../backend/cell-cases.js';
import type { KernelCase } from '../backend/kernel-case.js';
import {
  attentionCase,
  elementCases,
  kernelCases,
  muonCase,
  productCases,
} from '../backend/kernel-cases.js';
import { programCase } from '../backend/program-cases.js';

/** In short, the table of the kernels' test and few sizes besides; or all of them. */
export type Extent = 'short' | 'long';

type Sizes = readonly number[];
type Three = readonly [number, number, number];

/** Beside one, two and four vectors of 4, 8 and 16 elements */
const edges: Sizes = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65];
const fewEdges: Sizes = [1, 3, 17];

const triples = (first: Sizes, second: Sizes, third: Sizes): Three[] =>
  first.flatMap((a) => second.flatMap((b) => third.map((c): Three => [a, b, c])));

/** [M, N, K] beside the edges of tiles (4, 6, 8 or 14 rows), blocks of rows (10 tiles) and blocks of K */
const blocks: readonly Three[] = [
  ...triples([4, 6, 8, 13, 14, 28, 29, 39, 41, 59, 61, 79, 81, 139, 141], [1, 8, 33], [1, 9, 32]),
  ...triples([1, 3, 15, 141], [1, 17], [383, 384, 385, 639, 640, 641]),
  ...triples([383, 385], [13, 141], [7, 32]),
  // rows a multiple of 4 kB apart, whose copies take memory of their own
  ...triples([8, 9, 15, 141], [1024], [127, 128, 129]),
  ...triples([5, 17], [9], [511, 512, 513]),
];

/** The same with its weight packed beforehand, as in sampling and scoring */
function withFrozenWeight(c: KernelCase): KernelCase {
  return {
    ...c,
    name: `${c.name}, frozen`,
    run: (backend, tensors, ids) => {
      const weights = [tensors.weight, tensors.inputWeight].filter(
        (weight) => weight !== undefined,
      );
      for (const weight of weights) backend.freeze(weight);
      c.run(backend, tensors, ids);
      for (const weight of weights) backend.thaw(weight);
    },
  };
}

/** Normalising two or three units magnifies rounding by up to 1 / √ε, where they are nearly equal. */
const withTolerance = (c: KernelCase, H: number): KernelCase =>
  H < 4 && c.name.includes('normalisation') ? { ...c, tolerance: c.tolerance * 316 } : c;

const cells = (size: Three): KernelCase[] =>
  [false, true].flatMap((looksUp) =>
    casesOfCells(size, looksUp)
      .map((c) => withTolerance(c, size[2]))
      .flatMap((c) => [c, withFrozenWeight(c)]),
  );

const withoutBias = ([M, N, K]: Three): KernelCase => ({
  name: `linearBackwardWeight without bias ${M}×${N}×${K}`,
  tensors: { dw: [N, K], dy: [M, N], x: [M, K] },
  run: (backend, { dw, dy, x }) => backend.linearBackwardWeight(dw, undefined, dy, x),
  outputs: ['dw'],
  tolerance: 2e-6 * (M + 1),
});

/** Cells whose programs have, among them, every kind of operation, product and state */
const programs: readonly LibraryName[] = ['nas', 'mut1', 'mlstm', 'slstm', 'minlstm'];
/** All functions of the language, and a norm, which needs all units of a row at once */
const functions =
  'v = norm(W x + U h)\nu = max(exp(-relu(v)), log(1 + softplus(h)))\n' +
  "h' = tanh(stop(u)*logsigmoid(v) + p*h - u/(2 + sigmoid(v)))";

const programCases = (size: Three): KernelCase[] =>
  [false, true].flatMap((looksUp) =>
    [
      ...programs.map((name) => programCase(name, libraryText(name), size, looksUp)),
      programCase('all functions', functions, size, looksUp),
    ].map((c) => (size[2] < 4 ? { ...c, tolerance: c.tolerance * 316 } : c)),
  );

/** Every name occurs once. */
export function casesOf(extent: Extent): readonly KernelCase[] {
  const sizes = extent === 'short' ? fewEdges : edges;
  const products = [
    ...triples(sizes, sizes, sizes),
    ...(extent === 'short' ? blocks.filter((_, i) => i % 12 === 0) : blocks),
  ];
  const chunks = triples([1, 2], extent === 'short' ? [1, 3] : [1, 2, 3, 7, 9, 15, 17], sizes);
  const programSizes =
    extent === 'short' ? triples([2], [3], [3, 17]) : triples([2], [1, 3, 9, 17], sizes);
  const all = [
    ...kernelCases,
    ...products.flatMap((size) => [...productCases(size), withoutBias(size)]),
    ...chunks.flatMap(cells),
    // beyond 512 units a row is more than one tile of registers
    ...[...programSizes, [1, 2, 529] as const].flatMap(programCases),
    ...sizes.flatMap((S) => sizes.flatMap((H) => [attentionCase([2, S, 3, H])])),
    ...sizes.flatMap((n) => sizes.flatMap((rows) => elementCases(n, rows))),
    ...sizes.flatMap((rows) => sizes.map((columns) => muonCase([rows, columns]))),
  ];
  return [...new Map(all.map((c) => [c.name, c])).values()];
}
