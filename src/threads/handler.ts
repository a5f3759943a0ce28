/**
 * The worker's end of a pool: what handles messages, and what passes between the threads. Only the entry
 * modules of workers (`*-worker.ts`) call `handleMessages`, and nothing imports those: so the library has
 * no effect in a worker thread of somebody else's.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { CharnnError } from '../errors.js';

/** Takes the messages of a worker, one after the other. */
export type Handler<Message> = (message: Message) => void | Promise<void>;

/**
 * Sets a worker up from its data. `isEnding` says whether the pool is being closed, which waits for a handler in
 * the calling thread; a thread is ended without being asked.
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
        /** Whether the error was a CharnnError, whose message a person can act on */
        readonly isKnown: boolean;
      };
    };

/** Lets the calling thread, which a pool has started, handle the pool's messages. */
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
