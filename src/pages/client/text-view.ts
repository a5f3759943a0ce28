/**
 * The text, with one element per character, of which only the visible rows exist. A character can be chosen by a click
 * or the arrow keys.
 */
import { el } from './dom.js';
import { type Glyph, rowOf, rowStarts } from './layout.js';

export interface Guesses {
  /** For each character of the text, the ids of the K characters that were most probable there */
  readonly ids: ArrayLike<number>;
  /**
   * For each character of the text, 255 · √p for the probabilities p of the K characters that were most probable there
   */
  readonly roots: Uint8Array;
}

export interface TextViewParts {
  readonly ids: ArrayLike<number>;
  readonly glyphs: readonly Glyph[];
  /** K: the number of guesses for each character */
  readonly guesses: number;
  readonly partLength: number;
  /** What the view shows, for screen readers */
  readonly label: string;
  loadGuesses(part: number): Promise<Guesses>;
  onChoose(at: number): void;
  /** Called with the character under the pointer, and with undefined when it leaves the text */
  onPoint(at: number | undefined): void;
}

/** Number of rows beyond each edge of the view that are kept ready */
const margin = 8;
/** Max height of an element in pixels; browsers cut elements off at about twice this height */
const highest = 15e6;

/** The character that an event happened on */
function placeOf(event: Event): number | undefined {
  const at = (event.target as HTMLElement).closest<HTMLElement>('[data-at]')?.dataset.at;
  return at === undefined ? undefined : Number(at);
}

export class TextView {
  readonly element: HTMLElement;
  private readonly inner = el('div', { class: 'rows' });
  private readonly probe = el('span', { class: 'probe', 'aria-hidden': 'true' }, '0'.repeat(50));
  /** Index of the first character of each row; empty before the width is known */
  private starts: Uint32Array = new Uint32Array(0);
  private rowHeight = 24;
  /** Pixels of the scroll bar's range per pixel of text; below 1 only for the longest texts */
  private scale = 1;
  private readonly emptyRow = el('div', { class: 'row' });
  private readonly emptyCell = el('span', { class: 'cell' });
  private readonly rows = new Map<number, HTMLElement>();
  private colour: (at: number) => string = () => '';
  private showsGuesses = false;
  private chosen = 0;
  private columns = 0;

  constructor(private readonly parts: TextViewParts) {
    this.element = el(
      'div',
      {
        class: 'text',
        tabIndex: 0,
        // the role `application`, because with any other role a screen reader would not pass on the arrow keys
        role: 'application',
        'aria-label': `${parts.label}; arrow keys choose a character`,
      },
      this.probe,
      this.inner,
    );
    this.element.addEventListener('scroll', () => this.render(), { passive: true });
    this.element.addEventListener('keydown', (event) => this.onKey(event));
    this.inner.addEventListener('click', (event) => {
      const at = placeOf(event);
      if (at !== undefined) this.choose(at);
    });
    this.inner.addEventListener('pointerover', (event) => this.parts.onPoint(placeOf(event)));
    this.inner.addEventListener('pointerleave', () => this.parts.onPoint(undefined));
    new ResizeObserver(() => this.layout()).observe(this.element);
  }

  /** @param colour background of a character in CSS, or an empty string */
  recolour(colour: (at: number) => string): void {
    this.colour = colour;
    this.renderAnew();
  }

  showGuesses(shows: boolean): void {
    this.showsGuesses = shows;
    this.element.classList.toggle('guessing', shows);
    this.columns = 0;
    this.layout();
  }

  choose(at: number): void {
    this.mark(at);
    this.parts.onChoose(this.chosen);
  }

  /** Shows a character as the chosen one, and brings it into view. */
  mark(at: number): void {
    this.layout();
    this.chosen = Math.max(0, Math.min(this.parts.ids.length - 1, at));
    this.scrollTo(rowOf(this.starts, this.chosen));
    this.render();
    for (const row of this.rows.values()) {
      row.querySelector('.chosen')?.classList.remove('chosen');
      row.querySelector(`[data-at="${this.chosen}"]`)?.classList.add('chosen');
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const row = rowOf(this.starts, this.chosen);
    const vertical = (by: number) => {
      const target = Math.max(0, Math.min(this.starts.length - 1, row + by));
      const last = (this.starts[target + 1] ?? this.parts.ids.length) - 1;
      return Math.min(last, this.starts[target] + this.chosen - this.starts[row]);
    };
    const targets: Record<string, () => number> = {
      ArrowLeft: () => this.chosen - 1,
      ArrowRight: () => this.chosen + 1,
      ArrowUp: () => vertical(-1),
      ArrowDown: () => vertical(1),
      PageUp: () => vertical(-this.rowsInSight),
      PageDown: () => vertical(this.rowsInSight),
      Home: () => 0,
      End: () => this.parts.ids.length - 1,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.choose(target());
  }

  private get rowsInSight(): number {
    return Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
  }

  private scrollTo(row: number): void {
    const { element, rowHeight, scale } = this;
    const top = row * rowHeight;
    const seen = element.scrollTop / scale;
    if (top < seen) element.scrollTop = top * scale;
    const bottom = top + rowHeight - element.clientHeight;
    if (bottom > seen) element.scrollTop = bottom * scale;
  }

  /** Breaks the text into rows of the available width, and keeps the same character at the top. */
  private layout(): void {
    const advance = this.probe.getBoundingClientRect().width / 50;
    const columns = Math.max(8, Math.floor((this.element.clientWidth - 24) / advance) - 1);
    if (advance === 0 || columns === this.columns) return;
    const { scrollTop } = this.element;
    const top = this.starts[Math.floor(scrollTop / this.scale / this.rowHeight)] ?? 0;
    this.columns = columns;
    this.starts = rowStarts(this.parts.ids, this.parts.glyphs, columns);
    this.rowHeight = this.showsGuesses ? 26 + this.parts.guesses * 15 + 8 : 26;
    const height = this.starts.length * this.rowHeight;
    this.scale = Math.min(1, highest / height);
    this.inner.style.height = `${height * this.scale}px`;
    this.element.scrollTop = rowOf(this.starts, top) * this.rowHeight * this.scale;
    this.renderAnew();
  }

  private renderAnew(): void {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.render();
  }

  private render(): void {
    const { element, rowHeight, rows, starts } = this;
    const top = element.scrollTop / this.scale;
    const first = Math.max(0, Math.floor(top / rowHeight) - margin);
    const last = Math.min(
      starts.length - 1,
      Math.ceil((top + element.clientHeight) / rowHeight) + margin,
    );
    for (const [number, row] of rows) {
      if (number >= first && number <= last) continue;
      row.remove();
      rows.delete(number);
    }
    const fresh = document.createDocumentFragment();
    for (let number = first; number <= last; number++) {
      let row = rows.get(number);
      if (row === undefined) {
        row = this.makeRow(number);
        rows.set(number, row);
        fresh.append(row);
      }
      // for very long texts, the scroll bar's range is compressed, so rows move relative to it while the reader scrolls
      row.style.top = `${number * rowHeight - top + element.scrollTop}px`;
    }
    this.inner.append(fresh);
  }

  private makeRow(number: number): HTMLElement {
    const { ids, glyphs, partLength } = this.parts;
    const row = this.emptyRow.cloneNode() as HTMLElement;
    const [from, to] = [this.starts[number], this.starts[number + 1] ?? ids.length];
    for (let at = from; at < to; at++) {
      const { text, width, faint } = glyphs[ids[at]];
      // thousands of characters are drawn while a reader scrolls, so each is a single element with as few properties as
      // possible
      const cell = this.emptyCell.cloneNode() as HTMLElement;
      cell.textContent = text;
      cell.setAttribute('data-at', `${at}`);
      if (faint) cell.classList.add('faint');
      if (width === 2) cell.classList.add('wide');
      if (at === this.chosen) cell.classList.add('chosen');
      const background = this.colour(at);
      if (background !== '') cell.style.setProperty('--colour', background);
      row.append(cell);
    }
    if (this.showsGuesses) {
      for (let part = Math.floor(from / partLength); part * partLength < to; part++) {
        this.parts.loadGuesses(part).then((guesses) => this.addGuesses(row, part, guesses));
      }
    }
    return row;
  }

  private addGuesses(row: HTMLElement, part: number, { ids, roots }: Guesses): void {
    const { partLength, guesses: K, glyphs } = this.parts;
    for (const cell of row.children) {
      const at = Number((cell as HTMLElement).dataset.at);
      // the first character is not predicted
      if (Math.floor(at / partLength) !== part || at === 0) continue;
      for (let k = 0; k < K; k++) {
        const index = (at - part * partLength) * K + k;
        const guess = el('i', {}, glyphs[ids[index]].text);
        guess.style.opacity = `${0.25 + (0.75 * roots[index]) / 255}`;
        if (ids[index] === this.parts.ids[at]) guess.className = 'right';
        cell.append(guess);
      }
    }
  }
}
