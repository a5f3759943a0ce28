/** The controls for how the text is continued. */
import { controlRanges, type PageSettings } from '../model-page.js';
import { el } from './dom.js';
import { isWithin } from './share-link.js';

const maxNewSeed = 1_000_000;

export class WritingControls {
  readonly element: HTMLElement;
  private readonly temperature = el('input', {
    type: 'range',
    ...limitsOf('temperature'),
    step: '0.05',
  });
  private readonly shownTemperature = el('output');
  private readonly length = number('length');
  private readonly seed = number('seed');
  private readonly stop = el('input', { type: 'text', placeholder: 'never', spellcheck: false });

  /** @param onChange is called after the reader has changed something */
  constructor(
    private values: PageSettings,
    onChange: () => void,
  ) {
    const fresh = el('button', { type: 'button', class: 'plain' }, 'New');
    fresh.setAttribute('aria-label', 'New seed');
    fresh.addEventListener('click', () => {
      this.newSeed();
      onChange();
    });
    const field = (name: string, hint: string, ...inputs: readonly HTMLElement[]) =>
      el('div', { class: 'field' }, el('label', {}, el('span', {}, name), ...inputs), small(hint));
    this.element = el(
      'div',
      { class: 'controls' },
      field(
        'Temperature',
        'low: predictable, high: daring',
        this.temperature,
        this.shownTemperature,
      ),
      field('Length', 'characters at most', this.length),
      el('div', { class: 'with-button' }, field('Seed', 'same seed, same text', this.seed), fresh),
      field('Stop at', 'a text, \\n for a line end', this.stop),
    );
    this.show(values);
    for (const input of [this.temperature, this.length, this.seed, this.stop]) {
      input.addEventListener('input', () => {
        this.shownTemperature.textContent = this.temperature.value;
        onChange();
      });
    }
  }

  show(values: PageSettings): void {
    this.values = values;
    this.temperature.value = `${values.temperature}`;
    this.shownTemperature.textContent = `${values.temperature}`;
    this.length.value = `${values.length}`;
    this.seed.value = `${values.seed}`;
    this.stop.value = values.stop;
  }

  newSeed(): void {
    this.seed.value = `${Math.floor(Math.random() * maxNewSeed)}`;
  }

  /** The settings that the controls show; instead of an invalid number, the last valid one is used. */
  get settings(): Omit<PageSettings, 'prompt' | 'labels' | 'vectors'> {
    const read = (input: HTMLInputElement, name: 'length' | 'seed') => {
      const value = input.valueAsNumber;
      const isValid = Number.isInteger(value) && isWithin(value, name);
      input.setAttribute('aria-invalid', `${!isValid}`);
      return isValid ? value : this.values[name];
    };
    const settings = {
      temperature: Number(this.temperature.value),
      length: read(this.length, 'length'),
      seed: read(this.seed, 'seed'),
      stop: this.stop.value,
    };
    this.values = { ...this.values, ...settings };
    return settings;
  }
}

function number(name: 'length' | 'seed'): HTMLInputElement {
  return el('input', { type: 'number', inputMode: 'numeric', ...limitsOf(name), step: '1' });
}

function limitsOf(name: keyof typeof controlRanges) {
  const [min, max] = controlRanges[name];
  return { min: `${min}`, max: `${max}` };
}

function small(text: string): HTMLElement {
  return el('small', { class: 'faint' }, text);
}
