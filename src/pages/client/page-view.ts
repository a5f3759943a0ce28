/** What the page of a model is about: going on with a text, or converting lines. */
import type { PageReply } from '../model-page.js';

export interface PageView {
  readonly elements: readonly HTMLElement[];
  /** Begins once the model is there. */
  begin(): void;
  /** Takes an answer of the model. */
  take(reply: PageReply): void;
}
