/**
 * The worker's end of a pool of threads: the handler of its messages, and the format of what passes between the
 * threads. Only the entry modules of workers (`*-worker.ts`) call `handleMessages`, and nothing imports these modules,
 * so that importing charnn in a worker thread of another program has no effect on it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { CharnnError } from '../errors.js';

/** Handles the messages that a worker receives, one after the other. */
export type Handler<Message> = (message: Message) => void | Promise<void>;

/**
 * Creates a worker's handler from its data. `isEnding` says whether the pool is being closed, which a handler in the
 * calling thread should heed; a handler in a worker thread need not, because the thread is terminated.
 */
export type CreateHandler<Data, Message, Reply> = (
  data: Data,
  reply: (reply: Reply) => void,
  isEnding: () => boolean,
) => Handler<Message> | Promise<Handler<Message>>;

/** A message from a worker thread */
export type Envelope<Reply> =
  | { readonly ready: true }
  | { readonly reply: Reply }
  | {
      readonly failure: {
        readonly message: string;
        readonly stack: string | undefined;
        /** Whether the worker's error was a CharnnError, whose message tells the user what to do */
        readonly isKnown: boolean;
      };
    };

/** Makes this thread, which a pool has started, handle the pool's messages. */
export function handleMessages<Data, Message, Reply>(
  createHandler: CreateHandler<Data, Message, Reply>,
): void {
  const port = parentPort;
  if (port === null) throw new Error('this module is the entry of a worker thread');
  const post = (envelope: Envelope<Reply>) => port.postMessage(envelope);
  const guarded = async (work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      if (!(error instanceof CharnnError)) post({ failure: { message, stack, isKnown: false } });
      else post({ failure: { message: error.unspelt, stack, isKnown: true } });
    }
  };
  guarded(async () => {
    const reply = (reply: Reply) => post({ reply });
    const handle = await createHandler(workerData as Data, reply, () => false);
    port.on('message', (message: Message) => guarded(() => handle(message)));
    post({ ready: true });
  });
}
