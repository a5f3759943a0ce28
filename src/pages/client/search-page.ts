/** The page of `charnn search`. */
import type { SearchData } from '../data.js';
import { byId, el, pageData, table } from './dom.js';
import { chart } from './line-chart.js';

const { verdict, parameters, finalists, cells, provenance } = pageData<SearchData>();

const plusMinus = (pair: readonly [number, number] | undefined, absent: string) =>
  pair ? `${pair[0].toFixed(4)} ± ${pair[1].toFixed(4)}` : absent;

function results(): HTMLElement {
  const rows = finalists.map(({ name, hidden, steps, loss, toLstm }) => [
    name,
    hidden.toLocaleString('en'),
    steps.toLocaleString('en'),
    plusMinus(loss, 'diverged'),
    plusMinus(toLstm, '–'),
  ]);
  return table(['', 'units', 'steps', 'bits/char', 'against LSTM'], rows);
}

/** Loss by fraction of the training, so that cells with different numbers of steps can be compared */
function curves(): HTMLElement {
  const drawn = finalists.filter(({ curve }) => curve.length > 0);
  const x = [...new Set(drawn.flatMap(({ curve }) => curve.map(([share]) => share)))].sort(
    (a, b) => a - b,
  );
  return chart({
    label: 'loss in bits per character by the share of the training',
    xLabel: 'share of the training',
    x,
    lines: drawn.map(({ name, curve }) => {
      const at = new Map(curve);
      return { name, y: x.map((share) => at.get(share) ?? null) };
    }),
    format: (y) => y.toFixed(3),
    formatX: (share) => `${Math.round(100 * share)} %`,
  });
}

type Cell = SearchData['cells'][number];

/** A cell that can be opened to show its equations, followed by the cells that were made from it */
function family(cell: Cell): HTMLElement {
  const { name, loss, equations, isEvolved, parent } = cell;
  const shown =
    loss === undefined ? '' : loss === null ? ', diverged' : `, ${loss.toFixed(3)} bits/char`;
  const made = parent === undefined ? '' : isEvolved ? '' : ', by chance';
  const children = cells.filter((other) => other.parent === name);
  return el(
    'li',
    {},
    el('details', {}, el('summary', {}, `${name}${shown}${made}`), el('pre', {}, equations)),
    ...(children.length > 0 ? [el('ul', { class: 'family' }, ...children.map(family))] : []),
  );
}

const found = finalists.flatMap(({ name }) =>
  cells.filter((cell) => cell.name === name && cell.parent !== undefined),
);

byId('page').append(
  el('h1', {}, 'A search for a cell'),
  el('p', { class: 'faint' }, provenance),
  el('p', {}, `${verdict} All cells have about ${parameters.toLocaleString('en')} parameters.`),
  results(),
  el('h2', {}, 'Bits per character'),
  curves(),
  ...found.flatMap(({ name, equations }) => [
    el('h2', {}, `Equations of ${name}`),
    el('pre', {}, equations),
  ]),
  el('h2', {}, 'Family tree'),
  el('ul', { class: 'family' }, ...cells.filter(({ parent }) => parent === undefined).map(family)),
);
