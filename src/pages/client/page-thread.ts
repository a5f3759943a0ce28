/** The thread that runs the page's model. */
import type { ModelPageData, PageReply, PageRequest } from '../model-page.js';
import { byId } from './dom.js';

export class PageThread {
  private readonly worker: Worker;
  private id = 0;

  /**
   * Starts the thread and opens the model in it.
   * @param onReply takes answers to the latest request, and to none before it
   */
  constructor({ model }: ModelPageData, onReply: (reply: PageReply) => void) {
    const script = new Blob([byId('thread').textContent ?? ''], { type: 'text/javascript' });
    const url = URL.createObjectURL(script);
    this.worker = new Worker(url);
    this.worker.onmessage = ({ data }: MessageEvent<PageReply>) => {
      if (!('id' in data) || data.id === this.id || data.id === -1) onReply(data);
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      onReply({ kind: 'failed', id: -1, message: event.message || 'the model cannot be started' });
    };
    const blobs = { kernels: text('kernels'), weights: text('weights'), counts: text('counts') };
    this.send({ kind: 'open', model, blobs: { ...blobs, counts: blobs.counts || undefined } });
  }

  /** Asks for something, in the place of what was asked for before. */
  ask(
    request:
      | Omit<Extract<PageRequest, { kind: 'write' }>, 'id'>
      | Omit<Extract<PageRequest, { kind: 'convert' }>, 'id'>,
  ): void {
    this.id++;
    this.send({ ...request, id: this.id } as PageRequest);
  }

  /** Stops what was asked for; what has been done of it is still told. */
  stop(): void {
    this.send({ kind: 'stop' });
  }

  private send(request: PageRequest): void {
    this.worker.postMessage(request);
  }
}

/** Takes the text of a blob out of the page. */
function text(id: string): string {
  const element = document.getElementById(id);
  const content = element?.textContent ?? '';
  element?.remove();
  return content;
}
