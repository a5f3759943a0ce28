/** The choice of labels: a list of values for each label. */
import type { PageLabel } from '../model-page.js';
import { el } from './dom.js';

export class LabelSelects {
  readonly element: HTMLElement;
  private readonly selects: readonly HTMLSelectElement[];

  /** @param onChange is called after the reader has chosen another value */
  constructor(labels: readonly PageLabel[], onChange: () => void) {
    this.selects = labels.map(({ values }) => {
      // each name and value has a text direction of its own, because it may be written from right to left
      const options = values.map((value, i) =>
        el('option', { value: `${i}`, dir: 'auto', lang: '' }, value === '' ? '(none)' : value),
      );
      const select = el('select', {}, ...options);
      select.addEventListener('change', onChange);
      return select;
    });
    const choices = labels.map(({ name }, c) =>
      el('label', {}, el('bdi', { lang: '' }, name), this.selects[c]),
    );
    this.element = el('div', { class: 'choices', hidden: labels.length === 0 }, ...choices);
  }

  /** The value that is chosen for each label, as an index among the values of this label */
  get values(): readonly number[] {
    return this.selects.map(({ selectedIndex }) => selectedIndex);
  }

  show(values: readonly number[]): void {
    this.selects.forEach((select, c) => {
      select.selectedIndex = values[c];
    });
  }
}
