/** The page of `charnn visualize`. */
import type { UnitData, VisualizeData } from '../data.js';
import { blobBytes, Cache, idArray } from './decode-blobs.js';
import { byId, el, onTheme, pageData } from './dom.js';
import { gatePlot } from './gates.js';
import { glyph } from './layout.js';
import { type Guesses, TextView } from './text-view.js';

const data = pageData<VisualizeData>();
const glyphs = data.symbols.map(glyph);
const V = data.symbols.length;
const held = new Set(data.units.map(keyOf));

const ids = idArray(await blobBytes('ids'), V);
const surprise = new Uint8Array(await blobBytes('surprise'));

const activations = new Cache(16, async (key) => new Int8Array(await blobBytes(`unit-${key}`)));
const guessParts = new Cache(8, async (part): Promise<Guesses> => {
  const buffer = await blobBytes(`guesses-${part}`);
  const count = Math.min(data.partLength, data.characters - Number(part) * data.partLength);
  const guessIds = idArray(buffer, V, count * data.guesses);
  return { ids: guessIds, roots: new Uint8Array(buffer, guessIds.byteLength) };
});

/** What colours the text: `surprise`, `nothing`, or a unit */
let colouring = 'surprise';
let unitValues: Int8Array | undefined;

function keyOf({ layer, unit }: UnitData): string {
  return `${layer}-${unit}`;
}

function nameOf({ layer, unit }: UnitData): string {
  return `layer ${layer}, unit ${unit}`;
}

function signed(x: number): string {
  return x.toFixed(2).replace('-', '−');
}

// --- the text, and the details of a character ---

const details = el('div', { class: 'details', 'aria-live': 'polite' });
const view = new TextView({
  ids,
  glyphs,
  guesses: data.guesses,
  partLength: data.partLength,
  loadGuesses: (part) => guessParts.get(`${part}`),
  onChoose: (at) => tell(at),
});

let told = -1;
async function tell(at: number): Promise<void> {
  told = at;
  const part = Math.floor(at / data.partLength);
  const { ids: guessed, roots } = await guessParts.get(`${part}`);
  if (told !== at) return;
  const value = unitValues === undefined ? '' : ` · unit ${signed(unitValues[at] / 127)}`;
  const bits = at === 0 ? 'not foretold' : `${(surprise[at] / 16).toFixed(1)} bits`;
  const first = (at - part * data.partLength) * data.guesses;
  const guesses = Array.from({ length: at === 0 ? 0 : data.guesses }, (_, k) => {
    const percentage = Math.round(100 * (roots[first + k] / 255) ** 2);
    return `${visible(glyphs[guessed[first + k]].text)} ${percentage} %`;
  });
  details.replaceChildren(
    el('span', { class: 'big' }, visible(glyphs[ids[at]].text)),
    el('span', {}, `character ${(at + 1).toLocaleString('en')}: ${bits}${value}`),
    el('span', { class: 'faint' }, guesses.length > 0 ? `expected ${guesses.join(', ')}` : ''),
  );
}

/** A visible sign for a single blank */
function visible(text: string): string {
  return text === ' ' ? '␣' : text;
}

// --- colours: computed once, looked up by value ---

const levels = 127;
const ramp = (rgb: string, maxOpacity: number) =>
  Array.from({ length: levels + 1 }, (_, i) =>
    i < 4 ? '' : `rgb(${rgb} / ${((maxOpacity * i) / levels).toFixed(3)})`,
  );
let [hot, positive, negative]: string[][] = [[], [], []];

function setColours(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  // colours stay light enough for the characters on them to be legible
  hot = ramp(dark ? '255 80 80' : '230 30 30', dark ? 0.55 : 0.65);
  positive = ramp(dark ? '255 150 40' : '240 130 0', dark ? 0.5 : 0.75);
  negative = ramp(dark ? '70 140 255' : '30 110 240', dark ? 0.55 : 0.65);
}

/** A surprise of 8 bits or more is shown in full red */
const fullSurprise = 8 * 16;

function paint(): void {
  if (colouring === 'nothing') view.recolour(() => '');
  else if (unitValues === undefined) {
    view.recolour(
      (at) => hot[Math.min(levels, Math.round((surprise[at] / fullSurprise) * levels))],
    );
  } else {
    const values = unitValues;
    view.recolour((at) => (values[at] < 0 ? negative[-values[at]] : positive[values[at]]));
  }
  view.element.dataset.colouring = colouring;
}

const scale = el('div', { class: 'scale' });
const picker = el('select');
const unitButtons: HTMLButtonElement[] = [];

async function colourBy(what: string): Promise<void> {
  colouring = what;
  picker.value = what;
  for (const button of unitButtons) {
    button.setAttribute('aria-pressed', `${button.dataset.unit === what}`);
  }
  const isUnit = what !== 'surprise' && what !== 'nothing';
  const values = isUnit ? await activations.get(what) : undefined;
  // the user may have chosen another unit in the meantime
  if (colouring !== what) return;
  unitValues = values;
  scale.className = `scale ${isUnit ? 'unit' : what}`;
  const ends = isUnit ? ['−1', '1'] : what === 'surprise' ? ['0', '8 bits'] : ['', ''];
  scale.replaceChildren(ends[0], el('span', { class: 'bar' }), ends[1]);
  paint();
  if (told >= 0) tell(told);
}

// --- the controls ---

function option(value: string, name: string): HTMLOptionElement {
  return el('option', { value }, name);
}

picker.append(option('surprise', 'surprise'), option('nothing', 'nothing'));
for (let layer = 0; layer < data.layers; layer++) {
  const group = el('optgroup', { label: `layer ${layer}` });
  for (const unit of data.units.filter((unit) => unit.layer === layer)) {
    group.append(option(keyOf(unit), nameOf(unit)));
  }
  if (group.children.length > 0) picker.append(group);
}
picker.addEventListener('change', () => colourBy(picker.value));

const guessing = el('input', { type: 'checkbox' });
guessing.addEventListener('change', () => view.showGuesses(guessing.checked));

function unitButton(unit: UnitData & { readonly score: number }): HTMLElement {
  const label = `${unit.layer}:${unit.unit}`;
  const button = el('button', {
    type: 'button',
    title: nameOf(unit),
    disabled: !held.has(keyOf(unit)),
  });
  button.append(label, ' ', el('span', { class: 'faint' }, signed(unit.score)));
  button.dataset.unit = keyOf(unit);
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', () => colourBy(keyOf(unit)));
  unitButtons.push(button);
  return button;
}

const half = Math.floor(data.searched / 2).toLocaleString('en');
const cut =
  data.characters < data.charactersInAll
    ? `, the first of ${data.charactersInAll.toLocaleString('en')}`
    : '';

byId('page').append(
  el('h1', {}, `${data.model} reads`),
  el(
    'p',
    { class: 'faint' },
    `${data.characters.toLocaleString('en')} characters${cut}, ${data.meanSurprise.toFixed(3)} bits each`,
  ),
  el(
    'div',
    { class: 'controls' },
    el('label', {}, 'colour by ', picker),
    scale,
    el('label', {}, guessing, ' predictions under each character'),
  ),
  el(
    'div',
    { class: 'columns' },
    el('div', { class: 'reading' }, view.element, details),
    el(
      'section',
      { class: 'findings' },
      el('h2', {}, 'Units that follow the text'),
      el(
        'p',
        { class: 'faint' },
        `For each unit, this shows its layer and number, and its correlation with the feature on ${half} characters that were not used to choose it. Click on a unit to colour the text by its activation.`,
      ),
      el(
        'dl',
        {},
        ...data.findings.flatMap(({ feature, units }) => [
          el('dt', {}, feature),
          el('dd', {}, ...units.map(unitButton)),
        ]),
      ),
    ),
  ),
  ...(data.saturation.length > 0
    ? [
        el('h2', {}, 'How far the gates are open'),
        el(
          'p',
          { class: 'faint' },
          'Each dot is a unit: to the right the share of characters at which its gate is open (above 0.9), upward the share at which it is shut (below 0.1).',
        ),
        el('div', { class: 'gates' }, ...data.saturation.map(gatePlot)),
      ]
    : []),
);

onTheme(() => {
  setColours();
  paint();
});
await colourBy('surprise');
view.choose(0);
document.body.dataset.ready = 'true';
