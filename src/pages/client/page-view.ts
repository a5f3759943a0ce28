/** What a model's page is for: continuing a text, or converting lines. */
import type { PageReply } from '../model-page.js';

export interface PageView {
  readonly elements: readonly HTMLElement[];
  /** Shows the settings in the page's address, and has the model write or convert; called when the model is ready. */
  begin(): void;
  /** Receives an answer from the model. */
  take(reply: PageReply): void;
}
