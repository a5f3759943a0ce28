/** Shows what the model had expected at the position of a character. */
import { el } from './dom.js';
import { glyph } from './layout.js';
import type { Character } from './written-text.js';

/** A visible sign for a character that is shown alone */
export function visible(text: string): string {
  if (text === ' ') return '␣';
  return Array.from(text, (character) => glyph(character).text).join('');
}

const idle =
  'Point at a character, or choose one with the arrow keys, to see what was likely there.';

export class Expectation {
  readonly element = el('div', { class: 'expectation', 'aria-live': 'polite' });

  /** @param names the text to show for each id */
  constructor(private readonly names: readonly string[]) {
    this.show(undefined);
  }

  show(character: Character | undefined): void {
    if (character === undefined) {
      this.element.replaceChildren(el('p', { class: 'faint' }, idle));
      return;
    }
    const { text, bits, likely } = character;
    const shown = text === '' ? 'part of a character' : visible(text);
    const surprise = Number.isNaN(bits)
      ? 'the first character is not predicted'
      : `${bits.toFixed(1)} bits, ${percent(2 ** -bits)}`;
    this.element.replaceChildren(
      el('p', {}, el('b', {}, shown), ` ${surprise}`),
      ...(likely.length > 0 ? [this.bars(likely, text)] : []),
    );
  }

  private bars(likely: Character['likely'], text: string): HTMLElement {
    return el(
      'ol',
      { 'aria-label': 'likely characters' },
      ...likely.map(([id, probability]) => {
        const name = this.names[id] ?? '';
        const item = el(
          'li',
          { class: name === text ? 'right' : '' },
          el('span', { class: 'sign' }, visible(name)),
          ` ${percent(probability)}`,
        );
        item.style.setProperty('--share', `${(100 * probability).toFixed(1)}%`);
        return item;
      }),
    );
  }
}

function percent(p: number): string {
  return p >= 0.1
    ? `${Math.round(100 * p)} %`
    : p >= 0.001
      ? `${(100 * p).toFixed(1)} %`
      : '< 0.1 %';
}
