/** The part of the page that converts the lines that are typed. */
import type { ConvertedLine, ModelPageData, PageReply } from '../model-page.js';
import { copies } from './copying.js';
import { el } from './dom.js';
import type { PageView } from './page-view.js';
import { linkOf, settingsIn } from './share-link.js';
import { growing } from './typing-area.js';

/** Lines are converted when nothing has been typed for so many milliseconds. */
const patienceMs = 150;

const endings = { end: '', cut: 'cut off', refused: 'too long' } as const;

export class ConvertingView implements PageView {
  readonly elements: readonly HTMLElement[];
  private readonly source = growing('Convert', 'Type a line, or several …');
  private readonly results = el('tbody');
  private readonly status = el('p', { class: 'status faint', role: 'status' });
  private readonly notes = el('p', { class: 'notes', role: 'alert' });
  private lines: readonly string[] = [];
  private targets: readonly string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ask asks the model to convert lines */
  constructor(
    private readonly data: ModelPageData,
    private readonly ask: (lines: readonly string[]) => void,
  ) {
    const copy = el('button', { type: 'button' }, 'Copy');
    copies(copy, () => this.targets.join('\n'));
    const share = el('button', { type: 'button' }, 'Copy link');
    copies(share, () => {
      const settings = { ...data.settings, prompt: this.source.area.value };
      const link = linkOf(settings, data.settings);
      history.replaceState(null, '', new URL(link).hash);
      return link;
    });
    this.source.area.addEventListener('input', () => {
      clearTimeout(this.timer);
      delete document.body.dataset.converted;
      this.timer = setTimeout(() => this.now(), patienceMs);
    });
    addEventListener('hashchange', () => this.begin());
    const head = ['Line', 'Becomes', ''].map((text) => el('th', { scope: 'col' }, text));
    this.elements = [
      this.source.element,
      el('div', { class: 'bar' }, el('span', { class: 'gap' }), copy, share),
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
    this.source.set(settingsIn(location.hash, this.data.settings).prompt);
    this.now();
  }

  take(reply: PageReply): void {
    if (reply.kind === 'converted') this.show(reply.lines);
    if (reply.kind === 'failed') this.notes.replaceChildren(el('span', {}, reply.message));
    if (reply.kind === 'done') this.end(reply.seconds);
  }

  private now(): void {
    this.timer = undefined;
    this.lines = this.source.area.value.split('\n').filter((line) => line.trim() !== '');
    this.notes.replaceChildren();
    this.status.textContent = 'converting …';
    this.ask(this.lines);
  }

  private show(converted: readonly ConvertedLine[]): void {
    this.targets = converted.map(({ text }) => text);
    const rows = converted.map(({ text, end, unknown }, i) => {
      const strange = unknown > 0 ? [`${unknown} unknown`] : [];
      const remarks = [...(end === 'end' ? [] : [endings[end]]), ...strange].join(', ');
      const cell = (content: string) => el('td', { dir: 'auto', lang: '' }, content);
      return el('tr', {}, cell(this.lines[i]), cell(text), el('td', { class: 'faint' }, remarks));
    });
    this.results.replaceChildren(...rows);
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
