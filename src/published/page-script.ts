/**
 * The thread of a page that runs its model. The build bundles it into one script (`pages/bundle.ts`), in which nothing
 * may need Node.js.
 */
import type { PageReply, PageRequest } from '../pages/model-page.js';
import { PageModel } from './page-model.js';

/** What a worker of a browser has, as far as it is used here */
interface WorkerScope {
  onmessage: ((event: { readonly data: PageRequest }) => void) | null;
  postMessage(reply: PageReply): void;
}

const scope = globalThis as unknown as WorkerScope;

/** A message to oneself comes behind all that have come in, and costs less than a timer. */
const { port1, port2 } = new MessageChannel();
const ownMessages = port1 as unknown as { onmessage: () => void };
const turn = () =>
  new Promise<void>((resolve) => {
    ownMessages.onmessage = resolve;
    port2.postMessage(undefined);
  });

const model = new PageModel((reply) => scope.postMessage(reply), turn);
scope.onmessage = ({ data }) => void model.take(data);
