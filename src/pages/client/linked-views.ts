/** The text as each model read it: one view, or two side by side that scroll together. */
import { el } from './dom.js';
import type { ModelReading, ReadText } from './model-reading.js';
import { TextView } from './text-view.js';

export interface LinkedViewsParts {
  readonly text: ReadText;
  readonly readings: readonly ModelReading[];
  onChoose(at: number): void;
  onPoint(at: number | undefined): void;
}

export class LinkedViews {
  readonly element: HTMLElement;
  private readonly views: readonly TextView[];

  constructor({ text, readings, onChoose, onPoint }: LinkedViewsParts) {
    this.views = readings.map(
      (reading, i) =>
        new TextView({
          ...text,
          label: readings.length > 1 ? `the text as ${reading.name} reads it` : 'the text',
          loadGuesses: (part) => reading.guesses(part),
          onChoose: (at) => {
            for (const other of this.others(i)) other.mark(at);
            onChoose(at);
          },
          onPoint,
        }),
    );
    this.views.forEach(({ element }, i) => {
      const follow = () => {
        for (const other of this.others(i)) other.element.scrollTop = element.scrollTop;
      };
      element.addEventListener('scroll', follow, { passive: true });
    });
    this.element =
      readings.length === 1
        ? this.views[0].element
        : el(
            'div',
            { class: 'side-by-side' },
            ...readings.map(({ name }, i) =>
              el('div', {}, el('h2', {}, name), this.views[i].element),
            ),
          );
  }

  private others(one: number): readonly TextView[] {
    return this.views.filter((_, i) => i !== one);
  }

  choose(at: number): void {
    this.views[0].choose(at);
  }

  showGuesses(shows: boolean): void {
    for (const view of this.views) view.showGuesses(shows);
  }

  /**
   * @param what names the colouring for tests and style sheets
   * @param colourOf gives the background of a character in the view of a model
   */
  recolour(what: string, colourOf: (at: number, model: number) => string): void {
    this.views.forEach((view, i) => {
      view.recolour((at) => colourOf(at, i));
      view.element.dataset.colouring = what;
    });
  }
}
