/**
 * The text that is being written: the prompt and its continuation. The reader can point at a character, or choose one
 * with the arrow keys. The text may be coloured by how surprising each character was.
 */
import { guesses, type TextPiece } from '../model-page.js';
import { el } from './dom.js';

export interface Character {
  readonly text: string;
  /** Surprise in bits; NaN if nothing was predicted */
  readonly bits: number;
  /** Probable characters by id, the most probable first, with their probabilities */
  readonly likely: readonly (readonly [id: number, probability: number])[];
}

type Part = 'prompt' | 'drawn';

/** Max number of characters in each of the HTML elements that make up the text */
const runLength = 64;
/** Number of colour levels, one for each bit of surprise */
const levels = 8;

interface Run {
  readonly start: number;
  readonly level: number;
  readonly part: Part;
  readonly node: Text;
  end: number;
}

export class WrittenText {
  readonly element: HTMLElement;
  private readonly mark = el('div', { class: 'mark', 'aria-hidden': 'true' });
  private readonly body = el('div', { class: 'body' });
  private readonly texts: string[] = [];
  private readonly bits: number[] = [];
  private readonly ids: number[] = [];
  private readonly probabilities: number[] = [];
  private runs: Run[] = [];
  private readonly runOf = new WeakMap<Node, Run>();
  private promptLength = 0;
  private coloured = false;
  private chosen = -1;

  /** @param onChoose receives the index of the character that is pointed at or chosen, or undefined */
  constructor(private readonly onChoose: (at: number | undefined) => void) {
    this.element = el(
      'div',
      {
        ...{ class: 'sheet', tabIndex: 0, role: 'region', dir: 'auto', lang: '' },
        'aria-label': 'the text; arrow keys choose a character',
      },
      this.body,
      this.mark,
    );
    this.element.addEventListener('keydown', (event) => this.onKey(event));
    this.body.addEventListener('pointermove', (event) => this.pointAt(event));
    this.body.addEventListener('click', (event) => this.pointAt(event));
    new ResizeObserver(() => this.showMark()).observe(this.body);
  }

  get length(): number {
    return this.texts.length;
  }

  /** The prompt and its continuation */
  get text(): string {
    return this.texts.join('');
  }

  /** Number of characters after the prompt */
  get drawn(): number {
    return this.texts.length - this.promptLength;
  }

  at(index: number): Character {
    const likely = Array.from({ length: guesses }, (_, k): [number, number] => [
      this.ids[index * guesses + k],
      this.probabilities[index * guesses + k],
    ]).filter(([id]) => id >= 0);
    return { text: this.texts[index], bits: this.bits[index], likely };
  }

  /** Starts again with a prompt. */
  begin(prompt: TextPiece): void {
    for (const list of [this.texts, this.bits, this.ids, this.probabilities]) list.length = 0;
    this.promptLength = prompt.texts.length;
    this.choose(-1);
    this.body.replaceChildren();
    this.runs = [];
    this.add(prompt);
  }

  /** Adds characters at the end; if the reader has scrolled to the end, it stays visible. */
  add(piece: TextPiece): void {
    const from = this.texts.length;
    this.texts.push(...piece.texts);
    this.bits.push(...piece.bits);
    this.ids.push(...piece.ids);
    this.probabilities.push(...piece.probabilities);
    const { element } = this;
    const { scrollTop } = element;
    const isAtEnd = scrollTop > 0 && scrollTop + element.clientHeight >= element.scrollHeight - 40;
    this.render(from);
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  }

  /** Colours the text by surprise, or not. */
  colour(coloured: boolean): void {
    this.coloured = coloured;
    this.body.replaceChildren();
    this.runs = [];
    this.render(0);
    this.showMark();
  }

  private levelOf(at: number): number {
    const bits = this.bits[at];
    return this.coloured && bits >= 1 ? Math.min(levels, Math.floor(bits)) : 0;
  }

  private render(from: number): void {
    const fresh = document.createDocumentFragment();
    for (let at = from; at < this.texts.length; at++) {
      const part: Part = at < this.promptLength ? 'prompt' : 'drawn';
      const level = this.levelOf(at);
      const last = this.runs.at(-1);
      if (last?.level === level && last.part === part && last.end - last.start < runLength) {
        last.node.appendData(this.texts[at]);
        last.end = at + 1;
        continue;
      }
      const node = document.createTextNode(this.texts[at]);
      const run: Run = { start: at, end: at + 1, level, part, node };
      this.runs.push(run);
      this.runOf.set(node, run);
      fresh.append(el('span', { class: level > 0 ? `${part} s${level}` : part }, node));
    }
    this.body.append(fresh);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || this.length === 0) return;
    const at = this.chosen < 0 ? this.promptLength : this.chosen;
    const targets: Record<string, () => number> = {
      ArrowLeft: () => at - 1,
      ArrowRight: () => (this.chosen < 0 ? at : at + 1),
      ArrowUp: () => this.inLine(at, -1),
      ArrowDown: () => this.inLine(at, 1),
      Home: () => 0,
      End: () => this.length - 1,
      Escape: () => -1,
    };
    const target = targets[event.key]?.();
    if (target === undefined) return;
    event.preventDefault();
    this.choose(target < 0 && event.key !== 'Escape' ? 0 : Math.min(target, this.length - 1));
    this.mark.scrollIntoView({ block: 'nearest' });
  }

  /** The character above or below another one */
  private inLine(at: number, direction: 1 | -1): number {
    const box = this.boxOf(at);
    if (box === undefined) return at;
    const found = this.characterAt(
      box.left + 1,
      box.top + box.height / 2 + direction * this.lineHeight,
    );
    return found ?? at;
  }

  private get lineHeight(): number {
    return Number.parseFloat(getComputedStyle(this.body).lineHeight) || 24;
  }

  private pointAt(event: MouseEvent): void {
    const at = this.characterAt(event.clientX, event.clientY);
    if (at !== undefined && at !== this.chosen) this.choose(at);
  }

  private choose(at: number): void {
    this.chosen = at;
    this.showMark();
    this.onChoose(at < 0 ? undefined : at);
  }

  /** The character at a point in the window */
  private characterAt(x: number, y: number): number | undefined {
    const place = caretAt(x, y);
    const run = place && this.runOf.get(place.node);
    if (!place || !run) return undefined;
    let offset = place.offset;
    let at = run.start;
    while (at < run.end - 1 && offset >= this.texts[at].length) offset -= this.texts[at++].length;
    // the caret at a point in the second half of a character is the one between it and the next character
    for (const candidate of [at, at - 1]) {
      const box = candidate >= 0 ? this.boxOf(candidate) : undefined;
      if (box && x >= box.left - 1 && x <= box.right + 1) return candidate;
    }
    return at;
  }

  private boxOf(at: number): DOMRect | undefined {
    const run = this.runs[this.runIndex(at)];
    if (run === undefined) return undefined;
    let offset = 0;
    for (let i = run.start; i < at; i++) offset += this.texts[i].length;
    const range = document.createRange();
    range.setStart(run.node, offset);
    range.setEnd(run.node, offset + this.texts[at].length);
    return range.getClientRects()[0];
  }

  private runIndex(at: number): number {
    let [low, high] = [0, this.runs.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.runs[middle].start <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private showMark(): void {
    const box = this.chosen < 0 ? undefined : this.boxOf(this.chosen);
    this.mark.hidden = box === undefined;
    if (box === undefined) return;
    const own = this.body.getBoundingClientRect();
    const { style } = this.mark;
    style.left = `${box.left - own.left + this.body.offsetLeft}px`;
    style.top = `${box.top - own.top + this.body.offsetTop}px`;
    style.width = `${Math.max(4, box.width)}px`;
    style.height = `${box.height}px`;
  }
}

/** The position in the text at a point in the window; browsers have two functions for it. */
function caretAt(
  x: number,
  y: number,
): { readonly node: Node; readonly offset: number } | undefined {
  const page: {
    caretPositionFromPoint?: (
      x: number,
      y: number,
    ) => { readonly offsetNode: Node; readonly offset: number } | null;
    caretRangeFromPoint?: (x: number, y: number) => Range | null;
  } = document;
  const position = page.caretPositionFromPoint?.(x, y);
  if (position) return { node: position.offsetNode, offset: position.offset };
  const range = page.caretRangeFromPoint?.(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : undefined;
}
