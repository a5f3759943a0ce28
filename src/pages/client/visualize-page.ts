/** The page of `charnn visualize`. */
import type { UnitData, VisualizeData } from '../data.js';
import { CharacterDependence } from './character-dependence.js';
import { levels, ramps } from './colour-ramps.js';
import { blobBytes, Cache, idArray } from './decode-blobs.js';
import { byId, el, onTheme, pageData } from './dom.js';
import { gatePlot } from './gates.js';
import { glyph } from './layout.js';
import { LinkedViews } from './linked-views.js';
import { ModelReading, visible } from './model-reading.js';
import { similarView } from './similar-places.js';
import { type UnitSteps, unitLines } from './unit-lines.js';

const data = pageData<VisualizeData>();
const glyphs = data.symbols.map(glyph);
const V = data.symbols.length;
const held = new Set(data.units.map(keyOf));

const ids = idArray(await blobBytes('ids'), V);
const { other } = data;
const text = { ids, glyphs, guesses: data.guesses, partLength: data.partLength };
const readings = [await ModelReading.load(data.name, text)];
if (other) readings.push(await ModelReading.load(other.name, text, 'other-'));

const activations = new Cache(16, async (key) => new Int8Array(await blobBytes(`unit-${key}`)));
const unitSteps = new Cache(16, async (key) => new Int16Array(await blobBytes(`steps-${key}`)));
const dependence = new CharacterDependence(
  data.dependence,
  data.dependence && new Uint8Array(await blobBytes('dependence')),
);

/** What colours the text: `surprise`, `difference`, `dependence`, `nothing`, or a unit */
let colouring = 'surprise';
let unitValues: Int8Array | undefined;
let steps: UnitSteps | undefined;
/** The character that was chosen by click or key */
let chosen = 0;

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
const views = new LinkedViews({
  text,
  readings,
  onChoose(at) {
    chosen = at;
    tell(at);
    drawLines();
    similar.reset(at);
    if (colouring === 'dependence') colourBy(colouring);
  },
  onPoint: (at) => tell(at ?? chosen),
});

let told = -1;
async function tell(at: number): Promise<void> {
  told = at;
  const expected = at === 0 ? [] : await Promise.all(readings.map((one) => one.expectedAt(at)));
  if (told !== at) return;
  const value = unitValues === undefined ? '' : ` · unit ${signed(unitValues[at] / 127)}`;
  const by = (name: string) => (readings.length > 1 ? ` by ${name}` : '');
  const costs = readings.map(
    (one, i) => `${one.bitsAt(at)}${i === 0 ? ' bits' : ''}${by(one.name)}`,
  );
  const bits = at === 0 ? 'not predicted' : costs.join(', ');
  details.replaceChildren(
    el('span', { class: 'big' }, visible(glyphs[ids[at]].text)),
    el(
      'div',
      {},
      el('div', {}, `character ${(at + 1).toLocaleString('en')}: ${bits}${value}`),
      ...expected.map((list, i) =>
        el('div', { class: 'faint' }, `expected${by(readings[i].name)}: ${list}`),
      ),
    ),
  );
}

// --- the gates and states of a unit, and places in a similar state ---

const lines = el('div', { class: 'unit-lines' });

function drawLines(): void {
  const name = (at: number) => visible(glyphs[ids[at]].text);
  lines.replaceChildren(...(steps === undefined ? [] : [unitLines(steps, chosen, name)]));
}

const similar = similarView({
  characters: data.characters,
  units: data.units.length,
  load: (unit) => activations.get(keyOf(data.units[unit])),
  textOf: (from, to) => Array.from(ids.subarray(from, to), (id) => glyphs[id].text).join(''),
  choose: (at) => views.choose(at),
});

// --- colours: computed once, looked up by value ---

let { hot, positive, negative } = ramps();

/** A surprise of 8 bits or more is shown in full red */
const fullSurprise = 8 * 16;
/** A difference of 4 bits or more between the surprise of two models is shown in the full colour */
const fullDifference = 4 * 16;

const shade = (list: readonly string[], value: number, full: number) =>
  list[Math.min(levels, Math.round((value / full) * levels))];

/** The colour of a character in the view of a model; units and dependence are those of the first model. */
function colourOf(at: number, model: number): string {
  const values = unitValues;
  const bits = readings[model].surprise[at];
  if (colouring === 'surprise') return shade(hot, bits, fullSurprise);
  if (colouring === 'difference') {
    const less = readings[1 - model].surprise[at] - bits;
    return less > 0 ? shade([positive, negative][model], less, fullDifference) : '';
  }
  if (model > 0) return '';
  if (colouring === 'dependence') return hot[dependence.level(chosen, at)];
  if (values === undefined) return '';
  return values[at] < 0 ? negative[-values[at]] : positive[values[at]];
}

function paint(): void {
  views.recolour(colouring, colourOf);
}

const scale = el('div', { class: 'scale' });
const picker = el('select');
const unitButtons: HTMLButtonElement[] = [];

const scaleEnds: Readonly<Record<string, readonly [string, string]>> = {
  surprise: ['0', '8 bits'],
  difference: [`${other?.name} expects it more`, `${data.name} does`],
  dependence: ['none', `most (${dependence.range})`],
};

async function colourBy(what: string): Promise<void> {
  colouring = what;
  picker.value = what;
  for (const button of unitButtons) {
    button.setAttribute('aria-pressed', `${button.dataset.unit === what}`);
  }
  const isUnit = held.has(what);
  const values = isUnit ? await activations.get(what) : undefined;
  const thousandths = isUnit ? await unitSteps.get(what) : undefined;
  // the user may have chosen another colouring while the values of this unit were decoded
  if (colouring !== what) return;
  unitValues = values;
  const [layer, unit] = what.split('-').map(Number);
  steps = thousandths && {
    name: nameOf({ layer, unit }),
    quantities: data.quantities,
    thousandths,
  };
  drawLines();
  scale.className = `scale ${isUnit || what === 'difference' ? 'unit' : what === 'nothing' ? what : 'surprise'}`;
  const ends = isUnit ? ['−1', '1'] : (scaleEnds[what] ?? ['', '']);
  scale.replaceChildren(ends[0], el('span', { class: 'bar' }), ends[1]);
  paint();
  if (told >= 0) tell(told);
}

// --- the controls ---

function option(value: string, name: string): HTMLOptionElement {
  return el('option', { value }, name);
}

picker.append(
  option('surprise', 'surprise'),
  ...(other ? [option('difference', 'which of the two models expects it more')] : []),
  option('dependence', 'what the chosen character depends on'),
  option('nothing', 'nothing'),
);
for (let layer = 0; layer < data.layers; layer++) {
  const group = el('optgroup', { label: `layer ${layer}` });
  for (const unit of data.units.filter((unit) => unit.layer === layer)) {
    group.append(option(keyOf(unit), nameOf(unit)));
  }
  if (group.children.length > 0) picker.append(group);
}
picker.addEventListener('change', () => colourBy(picker.value));

const guessing = el('input', { type: 'checkbox' });
guessing.addEventListener('change', () => views.showGuesses(guessing.checked));

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

function chooseUnit(layer: number, unit: number): void {
  const key = keyOf({ layer, unit });
  if (held.has(key)) colourBy(key);
}

const half = Math.floor(data.searched / 2).toLocaleString('en');
const cut =
  data.characters < data.charactersInAll
    ? `, the first of ${data.charactersInAll.toLocaleString('en')}`
    : '';

const besides = other ? ` by ${data.name}; ${other.meanSurprise.toFixed(3)} by ${other.name}` : '';

byId('page').append(
  el('h1', {}, other ? 'Two models read a text' : `${data.model} reads`),
  el(
    'p',
    { class: 'faint' },
    `${data.characters.toLocaleString('en')} characters${cut}, ${data.meanSurprise.toFixed(3)} bits each${besides}`,
  ),
  el('p', { class: 'faint' }, data.provenance),
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
    el('div', { class: 'reading' }, views.element, details, similar.element, lines),
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
          'Each dot is a unit. Its horizontal position is the share of characters at which its gate is open (above 0.9), its vertical position the share at which it is shut (below 0.1). Click on a dot to colour the text by the unit.',
        ),
        el('div', { class: 'gates' }, ...data.saturation.map((gate) => gatePlot(gate, chooseUnit))),
      ]
    : []),
);

onTheme(() => {
  ({ hot, positive, negative } = ramps());
  paint();
});
await colourBy('surprise');
views.choose(0);
document.body.dataset.ready = 'true';
