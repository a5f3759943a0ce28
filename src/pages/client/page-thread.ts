/** The thread that runs the page's model. */
import type { ModelPageData, PageReply, PageRequest } from '../model-page.js';
import { byId } from './dom.js';

export class PageThread {
  private readonly worker: Worker;
  private id = 0;

  /**
   * Starts the thread and opens the model in it.
   * @param onReply receives answers to the latest request, and to no earlier one
   */
  constructor({ model, settings }: ModelPageData, onReply: (reply: PageReply) => void) {
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
    this.send({
      ...{ kind: 'open', model, labels: settings.labels },
      blobs: { ...blobs, counts: blobs.counts || undefined },
    });
  }

  /** Makes a request, which replaces the one before it. */
  ask(
    request:
      | Omit<Extract<PageRequest, { kind: 'write' }>, 'id'>
      | Omit<Extract<PageRequest, { kind: 'convert' }>, 'id'>,
  ): void {
    this.id++;
    this.send({ ...request, id: this.id } as PageRequest);
  }

  /** Stops the current request; what has been done so far is still reported. */
  stop(): void {
    this.send({ kind: 'stop' });
  }

  private send(request: PageRequest): void {
    this.worker.postMessage(request);
  }
}

/** Removes the text of a blob from the page and returns it. */
function text(id: string): string {
  const element = document.getElementById(id);
  const content = element?.textContent ?? '';
  element?.remove();
  return content;
}
