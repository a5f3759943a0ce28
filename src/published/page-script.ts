/**
 * The thread that runs the model of a web page. The build bundles it into one script (`pages/bundle.ts`), in which
 * nothing may depend on Node.js.
 */
import type { PageReply, PageRequest } from '../pages/model-page.js';
import { PageModel } from './page-model.js';

/** The properties of a browser's worker that are used here */
interface WorkerScope {
  onmessage: ((event: { readonly data: PageRequest }) => void) | null;
  postMessage(reply: PageReply): void;
}

const scope = globalThis as unknown as WorkerScope;

/**
 * Between slices of work, the thread waits for a message to itself: this message is queued after all that have arrived,
 * which are thus handled first, and costs less than a timer.
 */
const { port1, port2 } = new MessageChannel();
const ownMessages = port1 as unknown as { onmessage: () => void };
const turn = () =>
  new Promise<void>((resolve) => {
    ownMessages.onmessage = resolve;
    port2.postMessage(undefined);
  });

const model = new PageModel((reply) => scope.postMessage(reply), turn);
scope.onmessage = ({ data }) => void model.take(data);
