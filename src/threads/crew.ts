/**
 * Lanes of work: worker threads that take messages and answer them, or, for a crew of one, the same work
 * in the calling thread. The first failure of any lane is the failure of all.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { CharnnError } from '../errors.js';
import { requireThreads } from '../machine.js';

/** Sets a lane up from its data; what it returns takes the messages, one after the other. */
export type Perform<Data, Message, Reply> = (
  data: Data,
  reply: (reply: Reply) => void,
) => Take<Message> | Promise<Take<Message>>;

/** Takes a message; the next one comes when it is done. */
export type Take<Message> = (message: Message) => void | Promise<void>;

export interface CrewOptions<Data, Message, Reply> {
  readonly lanes: number;
  /** The module that calls `serve(perform)`, for lanes that are threads */
  readonly module: URL;
  readonly perform: Perform<Data, Message, Reply>;
  /** Plain data and shared memory: it is copied to each thread */
  readonly data: Data;
  readonly onReply: (lane: number, reply: Reply) => void;
  readonly onFailure: (error: Error) => void;
}

/** What comes from a thread */
type Envelope<Reply> =
  | { readonly reply: Reply }
  | { readonly failure: { message: string; stack: string | undefined; known: boolean } };

export class Crew<Data, Message, Reply> {
  private readonly send: readonly ((message: Message) => void)[];
  private readonly workers: Worker[] = [];
  private closing = false;

  constructor(private readonly options: CrewOptions<Data, Message, Reply>) {
    if (options.lanes > 1) requireThreads(options.lanes);
    const lanes = Array.from({ length: options.lanes }, (_, lane) => lane);
    this.send = lanes.length === 1 ? [this.localLane()] : lanes.map((lane) => this.thread(lane));
  }

  get lanes(): number {
    return this.send.length;
  }

  post(lane: number, message: Message): void {
    this.send[lane](message);
  }

  /** Ends the threads; no reply comes any more. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private localLane(): (message: Message) => void {
    const { perform, data, onReply } = this.options;
    let take: Promise<Take<Message>> | undefined;
    const setUp = async () =>
      perform(data, (reply) => {
        if (!this.closing) onReply(0, reply);
      });
    return (message) => {
      setImmediate(async () => {
        if (this.closing) return;
        try {
          take ??= setUp();
          await (await take)(message);
        } catch (error) {
          this.fail(error);
        }
      });
    };
  }

  private thread(lane: number): (message: Message) => void {
    const { module, data, onReply } = this.options;
    const worker = new Worker(module, { workerData: data });
    this.workers.push(worker);
    worker.on('message', (envelope: Envelope<Reply>) => {
      if (this.closing) return;
      if ('reply' in envelope) {
        onReply(lane, envelope.reply);
        return;
      }
      const { message, stack, known } = envelope.failure;
      const error = known ? new CharnnError(message) : new Error(message);
      if (stack !== undefined) error.stack = stack;
      this.fail(error);
    });
    worker.on('error', (error) => this.fail(error));
    worker.on('exit', (code) => this.fail(new CharnnError(`a thread ended with code ${code}`)));
    return (message) => worker.postMessage(message);
  }

  private fail(error: unknown): void {
    if (this.closing) return;
    this.options.onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The other end: makes this thread a lane. Does nothing in the main thread. */
export function serve<Data, Message, Reply>(perform: Perform<Data, Message, Reply>): void {
  const port = parentPort;
  if (port === null) return;
  const guarded = async (work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ failure: { message, stack, known: error instanceof CharnnError } });
    }
  };
  guarded(async () => {
    const take = await perform(workerData as Data, (reply) => port.postMessage({ reply }));
    // messages that have come before wait in the port
    port.on('message', (message: Message) => guarded(() => take(message)));
  });
}
