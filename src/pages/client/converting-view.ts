/** The part of the page that converts typed lines. */
import type {
  ConvertedLine,
  ModelPageData,
  PageLine,
  PageReply,
  PageRequest,
  PageSettings,
} from '../model-page.js';
import { copies } from './copying.js';
import { el } from './dom.js';
import { LabelSelects } from './label-selects.js';
import type { PageView } from './page-view.js';
import { linkOf, settingsIn } from './share-link.js';
import { growing } from './typing-area.js';

/** Lines are converted when nothing has been typed for this many milliseconds. */
const patienceMs = 150;

const endings = { end: '', cut: 'cut off', refused: 'too long' } as const;

type Request = Omit<Extract<PageRequest, { readonly kind: 'convert' }>, 'kind' | 'id'>;

export class ConvertingView implements PageView {
  readonly elements: readonly HTMLElement[];
  private readonly source = growing('Convert', 'Type a line, or several …');
  private readonly vectors: ReturnType<typeof growing> | undefined;
  private readonly labels: LabelSelects;
  private readonly results = el('tbody');
  private readonly status = el('p', { class: 'status faint', role: 'status' });
  private readonly notes = el('p', { class: 'notes', role: 'alert' });
  private lines: readonly PageLine[] = [];
  private targets: readonly string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ask asks the model to convert lines */
  constructor(
    private readonly data: ModelPageData,
    private readonly ask: (request: Request) => void,
  ) {
    const { vectorSize, settings: first } = data;
    const copy = el('button', { type: 'button' }, 'Copy');
    copies(copy, () => this.targets.join('\n'));
    const share = el('button', { type: 'button' }, 'Copy link');
    copies(share, () => {
      const link = linkOf(this.settings, first, data.labels);
      history.replaceState(null, '', new URL(link).hash);
      return link;
    });
    this.labels = new LabelSelects(data.labels, () => this.soon());
    if (vectorSize > 0) {
      const numbers = vectorSize === 1 ? 'a number' : `${vectorSize} numbers`;
      this.vectors = growing(
        'Vectors',
        `For each line above: ${numbers}, or a list of such vectors …`,
      );
    }
    for (const field of [this.source, this.vectors]) {
      field?.area.addEventListener('input', () => this.soon());
    }
    addEventListener('hashchange', () => this.begin());
    const head = ['Line', 'Becomes'].map((text) => el('th', { scope: 'col' }, text));
    this.elements = [
      this.source.element,
      ...(this.vectors ? [this.vectors.element] : []),
      el('div', { class: 'bar' }, this.labels.element, el('span', { class: 'gap' }), copy, share),
      el(
        'div',
        { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'results' },
        el('table', { class: 'results' }, el('thead', {}, el('tr', {}, ...head)), this.results),
      ),
      this.status,
      this.notes,
    ];
  }

  begin(): void {
    const { settings: first, labels } = this.data;
    const settings = settingsIn(location.hash, first, labels);
    this.source.set(settings.prompt);
    this.vectors?.set(settings.vectors);
    this.labels.show(settings.labels);
    this.now();
  }

  take(reply: PageReply): void {
    if (reply.kind === 'converted') this.show(reply.lines);
    if (reply.kind === 'failed') this.fail(reply.message);
    if (reply.kind === 'done') this.end(reply.seconds);
  }

  private get settings(): PageSettings {
    const { source, vectors, labels, data } = this;
    return {
      ...data.settings,
      prompt: source.area.value,
      vectors: vectors?.area.value ?? '',
      labels: labels.values,
    };
  }

  private soon(): void {
    clearTimeout(this.timer);
    delete document.body.dataset.converted;
    this.timer = setTimeout(() => this.now(), patienceMs);
  }

  private now(): void {
    this.timer = undefined;
    this.lines = linesOf(this.settings);
    this.notes.replaceChildren();
    this.status.textContent = 'converting …';
    this.ask({ lines: this.lines, labels: this.labels.values });
  }

  private show(converted: readonly ConvertedLine[]): void {
    this.targets = converted.map(({ text }) => text);
    const rows = converted.map(({ text, end, unknown }, i) => {
      const strange = unknown > 0 ? [`${unknown} unknown`] : [];
      const remarks = [...(end === 'end' ? [] : [endings[end]]), ...strange].join(', ');
      const cell = (content: string, ...more: HTMLElement[]) =>
        el('td', {}, el('span', { dir: 'auto', lang: '' }, content), ...more);
      const remark = remarks === '' ? [] : [el('small', { class: 'faint' }, remarks)];
      return el('tr', {}, cell(this.lines[i].text), cell(text, ...remark));
    });
    this.results.replaceChildren(...rows);
  }

  private fail(message: string): void {
    this.show([]);
    this.notes.replaceChildren(el('span', {}, message));
    this.status.textContent = '';
  }

  private end(seconds: number): void {
    const count = this.targets.length;
    const took = `${(1000 * seconds).toFixed(0)} ms`;
    this.status.textContent =
      count === 0
        ? ''
        : `${count.toLocaleString('en')} ${count === 1 ? 'line' : 'lines'} in ${took}`;
    if (this.timer === undefined) document.body.dataset.converted = `${count}`;
  }
}

/**
 * The lines to be converted, without blank lines. If the model reads vectors, only blank lines at the end are left
 * out, so that each line of numbers still belongs to the same line of text.
 */
function linesOf({ prompt, vectors }: PageSettings): PageLine[] {
  const texts = prompt.split('\n');
  if (vectors.trim() === '') {
    return texts.filter((text) => text.trim() !== '').map((text) => ({ text, vectors: '' }));
  }
  const numbers = vectors.split('\n');
  const lines = Array.from({ length: Math.max(texts.length, numbers.length) }, (_, i) => ({
    text: texts[i] ?? '',
    vectors: numbers[i] ?? '',
  }));
  while (lines.length > 0 && `${lines.at(-1)?.text}${lines.at(-1)?.vectors}`.trim() === '') {
    lines.pop();
  }
  return lines;
}
