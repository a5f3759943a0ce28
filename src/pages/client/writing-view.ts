/** The part of the page that continues the typed text. */
import type { ModelPageData, PageReply, PageSettings } from '../model-page.js';
import { copies } from './copying.js';
import { el } from './dom.js';
import { Expectation } from './expectation.js';
import { LabelSelects } from './label-selects.js';
import type { PageView } from './page-view.js';
import { linkOf, settingsIn } from './share-link.js';
import { growing } from './typing-area.js';
import { WritingControls } from './writing-controls.js';
import { WrittenText } from './written-text.js';

/** The text is continued when nothing has been typed for this many milliseconds. */
const patienceMs = 250;

export class WritingView implements PageView {
  readonly elements: readonly HTMLElement[];
  private readonly prompt = growing('Begin with', 'Type how the text begins …');
  private readonly labels: LabelSelects;
  private readonly controls: WritingControls;
  private readonly text: WrittenText;
  private readonly status = el('p', { class: 'status faint', role: 'status' });
  private readonly notes = el('p', { class: 'notes', role: 'alert' });
  private readonly write = el('button', { type: 'button', class: 'main' }, 'Write');
  private readonly goOn = el('button', { type: 'button' }, 'Go on');
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writing = false;

  /**
   * @param ask asks the model to write
   * @param stop stops the model
   */
  constructor(
    private readonly data: ModelPageData,
    private readonly ask: (settings: PageSettings) => void,
    private readonly stop: () => void,
  ) {
    const expectation = new Expectation(data.symbols);
    this.text = new WrittenText((at) =>
      expectation.show(at === undefined ? undefined : this.text.at(at)),
    );
    this.controls = new WritingControls(data.settings, () => this.soon());
    this.labels = new LabelSelects(data.labels, () => this.soon());
    const copy = el('button', { type: 'button' }, 'Copy');
    copies(copy, () => this.text.text);
    const share = el('button', { type: 'button' }, 'Copy link');
    copies(share, () => {
      const link = linkOf(this.settings, data.settings, data.labels);
      history.replaceState(null, '', new URL(link).hash);
      return link;
    });
    const coloured = el('input', { type: 'checkbox' });
    coloured.addEventListener('change', () => this.text.colour(coloured.checked));
    this.prompt.area.addEventListener('input', () => this.soon());
    this.write.addEventListener('click', () => (this.writing ? this.stop() : this.now()));
    this.goOn.addEventListener('click', () => {
      this.prompt.set(this.text.text);
      this.now();
    });
    addEventListener('hashchange', () => this.begin());
    this.elements = [
      this.prompt.element,
      this.labels.element,
      el(
        'div',
        { class: 'bar' },
        this.write,
        this.goOn,
        el('span', { class: 'gap' }),
        el('label', { class: 'check' }, coloured, ' Colour by surprise'),
        copy,
        share,
      ),
      el(
        'div',
        { class: 'columns' },
        el('div', { class: 'reading' }, this.text.element, this.status, this.notes),
        el('div', { class: 'side' }, expectation.element, this.controls.element),
      ),
    ];
  }

  /** Shows the settings of the address or of the page, and starts writing. */
  begin(): void {
    const { settings: first, labels } = this.data;
    const settings = settingsIn(location.hash, first, labels);
    this.prompt.set(settings.prompt);
    this.labels.show(settings.labels);
    this.controls.show(settings);
    this.now();
  }

  take(reply: PageReply): void {
    switch (reply.kind) {
      case 'read':
        this.text.begin(reply.piece);
        if (reply.unknown > 0) this.note(unknownNote(reply.unknown));
        break;
      case 'written':
        this.text.add(reply.piece);
        break;
      case 'warning':
        this.note(reply.message);
        break;
      case 'done':
        this.end(reply.seconds, reply.stopped);
        break;
      case 'failed':
        this.note(reply.message);
        this.end(0, true);
        break;
      default:
    }
  }

  private get settings(): PageSettings {
    const { prompt, labels, controls } = this;
    return { prompt: prompt.area.value, labels: labels.values, vectors: '', ...controls.settings };
  }

  private soon(): void {
    this.expectText();
    this.timer = setTimeout(() => this.now(), patienceMs);
  }

  private now(): void {
    this.expectText();
    this.writing = true;
    this.write.textContent = 'Stop';
    this.notes.replaceChildren();
    this.status.textContent = 'writing …';
    this.ask(this.settings);
  }

  /** Marks the text as not finished, because the text that is shown belongs to an earlier prompt. */
  private expectText(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    delete document.body.dataset.written;
  }

  private end(seconds: number, stopped: boolean): void {
    this.writing = false;
    this.write.textContent = 'Write';
    const { drawn } = this.text;
    const count = `${drawn.toLocaleString('en')} characters`;
    const speed =
      seconds > 0 ? `, ${Math.round(drawn / seconds).toLocaleString('en')} a second` : '';
    this.status.textContent = stopped ? `${count}, stopped` : `${count}${speed}`;
    if (this.timer === undefined) document.body.dataset.written = `${drawn}`;
  }

  private note(text: string): void {
    this.notes.append(el('span', {}, text));
  }
}

export function unknownNote(count: number): string {
  return count === 1
    ? 'The model does not know one of the characters that you typed.'
    : `The model does not know ${count.toLocaleString('en')} of the characters that you typed.`;
}
