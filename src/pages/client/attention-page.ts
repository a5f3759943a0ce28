/** The page of `charnn visualize` for a model trained on pairs. */
import type { AttentionData } from '../data.js';
import { blobBytes, Cache } from './decode-blobs.js';
import { byId, el, pageData } from './dom.js';
import { glyph } from './layout.js';
import { gridWidth, vectorBoxes } from './vector-boxes.js';

type Pair = AttentionData['pairs'][number];

const data = pageData<AttentionData>();
const bytes = new Cache(64, async (id) => new Uint8Array(await blobBytes(id)));

/** Max number of cells of a table; with more, a browser would be slow. */
const maxCells = 40_000;
/** Symbols that cost more bits than this are marked. */
const unlikelyBits = 3;

/** The text shown for a symbol, which may be longer than a character */
function shown(symbol: string): string {
  return Array.from(symbol).length === 1 ? glyph(symbol).text : symbol;
}

/** @param root 255 times the square root of an attention weight */
function background(root: number): string {
  const share = (root / 255) ** 2;
  return `background: color-mix(in srgb, var(--accent) ${(75 * share).toFixed(1)}%, transparent)`;
}

function percentage(root: number): string {
  return `${Math.round(100 * (root / 255) ** 2)} %`;
}

/** The names of the positions of a source: those of its vectors, then its symbols */
function positionNames({ vectors, source }: Pair): string[] {
  const width = gridWidth(vectors, data.grid);
  const names = Array.from({ length: vectors }, (_, i) =>
    width === undefined
      ? `vector ${i + 1}`
      : `row ${Math.floor(i / width) + 1}, column ${(i % width) + 1}`,
  );
  return [...names, ...source.map(shown)];
}

const select = el('select', { id: 'pair' });
data.pairs.forEach(({ source, target, labels }, i) => {
  const given = [...labels, source.map(shown).join('')].filter((part) => part !== '').join(' ');
  const text = `${given || i + 1} → ${target.slice(0, -1).map(shown).join(' ')}`;
  select.append(el('option', { value: `${i}` }, text.length > 80 ? `${text.slice(0, 80)}…` : text));
});
const previous = el('button', { type: 'button' }, '← previous');
const next = el('button', { type: 'button' }, 'next →');
const labelText = el('p', { class: 'faint' });
const vectorGrid = el('div', { class: 'vectors' });
const sourceText = el('div', { class: 'symbols source' });
const targetText = el('div', { class: 'symbols target' });
const readout = el('div', { class: 'readout', 'aria-live': 'polite' });
const matrix = el('div', { class: 'scroll matrix', tabIndex: 0 });

/** Number of the pair that is shown */
let current = 0;

async function show(pair: number): Promise<void> {
  current = pair;
  const shownPair = data.pairs[pair];
  const roots = await bytes.get(`weights-${pair}`);
  const values = shownPair.vectors > 0 ? await bytes.get(`vectors-${pair}`) : undefined;
  if (current !== pair) return;
  select.value = `${pair}`;
  previous.disabled = pair === 0;
  next.disabled = pair === data.pairs.length - 1;
  const { source, target, bits, vectors, labels } = shownPair;
  const S = vectors + source.length;
  const names = positionNames(shownPair);
  labelText.textContent = labels.join(', ');
  const boxes = values ? vectorBoxes(values, vectors, names) : [];
  const symbols = source.map((symbol) => el('span', {}, shown(symbol)));
  const positions = [...boxes, ...symbols];
  const width = gridWidth(vectors, data.grid);
  vectorGrid.classList.toggle('strip', width === undefined);
  vectorGrid.style.setProperty('--columns', `${width ?? vectors}`);
  vectorGrid.replaceChildren(...boxes);
  sourceText.replaceChildren(...symbols);
  const buttons = target.map((symbol, t) => {
    const button = el('button', { type: 'button', 'aria-pressed': 'false' }, shown(symbol));
    if (bits[t] > unlikelyBits) button.classList.add('unlikely');
    button.addEventListener('click', () => choose(t));
    button.addEventListener('mouseenter', () => choose(t));
    button.addEventListener('focus', () => choose(t));
    return button;
  });
  targetText.replaceChildren(...buttons);
  const rows = S * target.length > maxCells ? [] : tableRows();
  matrix.replaceChildren(
    rows.length > 0 ? el('table', {}, ...rows) : `a matrix of ${S} × ${target.length} is not drawn`,
  );
  choose(0);
  document.documentElement.dataset.ready = `${pair}`;

  function tableRows(): HTMLElement[] {
    const titles = names.map((name, s) =>
      s < vectors ? el('th', { title: name }, `${s + 1}`) : el('th', {}, name),
    );
    const head = el('tr', {}, el('th', {}), ...titles);
    const body = target.map((symbol, t) => {
      const row = el('tr', {}, el('th', {}, shown(symbol)));
      for (let s = 0; s < S; s++) {
        const root = roots[t * S + s];
        row.append(el('td', { style: background(root), title: percentage(root) }));
      }
      row.addEventListener('mouseenter', () => choose(t));
      return row;
    });
    return [head, ...body];
  }

  /** Colours the source by the attention of symbol t of the target. */
  function choose(t: number): void {
    buttons.forEach((button, i) => {
      button.setAttribute('aria-pressed', `${i === t}`);
    });
    rows.forEach((row, i) => {
      row.classList.toggle('chosen', i === t + 1);
    });
    positions.forEach((position, s) => {
      position.setAttribute('style', background(roots[t * S + s]));
    });
    const row = Array.from(roots.subarray(t * S, (t + 1) * S));
    const most = row.indexOf(Math.max(...row));
    readout.textContent = `${shown(target[t])} (${bits[t].toFixed(2)} bits) attends most to ${names[most]} (${percentage(row[most])})`;
  }
}

select.addEventListener('change', () => show(Number(select.value)));
previous.addEventListener('click', () => show(current - 1));
next.addEventListener('click', () => show(current + 1));

const count = data.pairs.length.toLocaleString('en');
const all = data.pairsInAll.toLocaleString('en');
byId('page').append(
  el('h1', {}, 'What the model attends to'),
  el(
    'p',
    {},
    `While the model (${data.model}) writes a target, it attends to the source. Choose a symbol of the target to see which parts of the source; symbols that cost more than ${unlikelyBits} bits are red.`,
  ),
  el(
    'p',
    { class: 'faint' },
    `${count === all ? `${count} pairs` : `the first ${count} of ${all} pairs`}; ${data.provenance}`,
  ),
  el(
    'div',
    { class: 'controls' },
    el('label', { htmlFor: 'pair' }, 'pair'),
    select,
    previous,
    next,
  ),
  labelText,
  vectorGrid,
  sourceText,
  targetText,
  readout,
  el('h2', {}, 'Matrix'),
  el(
    'p',
    {},
    'There is a row for each symbol that is written, and a column for each position of the source.',
  ),
  matrix,
);
await show(0);
