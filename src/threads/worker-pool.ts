/**
 * A pool of workers: threads that receive messages and answer them. A pool of one may do the same work in the calling
 * thread instead. The first failure of any worker makes the whole pool fail.
 */
import { Worker } from 'node:worker_threads';
import { CharnnError } from '../errors.js';
import { fittingThreads, requireMemory } from '../machine/memory.js';
import type { CreateHandler, Envelope, Handler } from './handler.js';

export interface PoolOptions<Data, Message, Reply> {
  readonly workers: number;
  /** The entry module of the threads, which creates its handler with the same function as `createHandler` */
  readonly module: URL;
  /**
   * For a pool of one: creates the handler that does the work in the calling thread. If absent, every worker is a
   * thread.
   */
  readonly createHandler?: CreateHandler<Data, Message, Reply>;
  /**
   * Bytes that each worker allocates in addition to what any thread takes. Before the first worker is started, it is
   * checked that there is memory for all of them.
   */
  readonly bytesPerWorker?: number | undefined;
  /** The data that worker `index` receives at its start: plain data, copied to each thread, and shared memory */
  data(index: number): Data;
  /**
   * Called when the system allows fewer threads than were requested, and the pool continues with fewer. If absent, the
   * result depends on the number of workers, and `start` throws instead.
   */
  readonly onFewer?: ((workers: number, reason: string) => void) | undefined;
  onReply(worker: number, reply: Reply): void;
  /** Called once, with the first failure; the pool still has to be closed. */
  onFailure(error: Error): void;
}

export class WorkerPool<Data, Message, Reply> {
  private readonly send: ((message: Message) => void)[] = [];
  private readonly threads: Worker[] = [];
  /** Messages that are being handled in the calling thread */
  private readonly handling = new Set<Promise<void>>();
  private isClosing = false;
  private failure: Error | undefined;
  private waitingFor = 0;
  private settleReady: { resolve(): void; reject(error: Error): void } | undefined;

  private constructor(private readonly options: PoolOptions<Data, Message, Reply>) {}

  /**
   * Starts the workers; messages may be posted at once.
   * @throws CharnnError when threads cannot be started; those that were started have ended by then
   */
  static async start<Data, Message, Reply>(
    options: PoolOptions<Data, Message, Reply>,
  ): Promise<WorkerPool<Data, Message, Reply>> {
    const pool = new WorkerPool(options);
    try {
      pool.startAll();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get size(): number {
    return this.send.length;
  }

  post(worker: number, message: Message): void {
    this.send[worker](message);
  }

  /**
   * Waits until all workers have set up their handlers.
   * @throws the error of a worker that failed
   */
  ready(): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.waitingFor === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.settleReady = { resolve, reject };
    });
  }

  /**
   * Ends the threads, and waits until they have ended and the calling thread has finished handling its current message.
   * Afterwards no reply arrives, and memory of the workers may be released.
   */
  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.threads.map((thread) => thread.terminate()));
    await Promise.all(this.handling);
  }

  private startAll(): void {
    const { createHandler, onFewer, bytesPerWorker = 0 } = this.options;
    const workers = this.countThatFits();
    if (workers <= 1 && createHandler) {
      requireMemory(bytesPerWorker, 'this model and a batch');
      this.startHere(createHandler);
      return;
    }
    while (this.size < workers) {
      try {
        this.startThread(this.size);
      } catch (cause) {
        const reason = reasonOfRefusal(cause);
        if (onFewer && (this.size > 0 || createHandler)) {
          if (this.size === 0 && createHandler) this.startHere(createHandler);
          onFewer(this.size, reason);
          return;
        }
        throw new CharnnError(`${this.countOfStarted()}: ${reason}`, 1, { cause });
      }
    }
  }

  /**
   * The number of workers for which there is memory. If the result depends on the number of workers, this function
   * throws instead of returning fewer.
   */
  private countThatFits(): number {
    const { workers, createHandler, onFewer, bytesPerWorker = 0 } = this.options;
    if (workers === 1 && createHandler) return workers;
    const { count, reason } = fittingThreads(workers, bytesPerWorker);
    if (count >= workers) return workers;
    const least = createHandler ? 0 : 1;
    if (onFewer === undefined || count < least) throw new CharnnError(reason);
    onFewer(Math.max(1, count), reason);
    return count;
  }

  private countOfStarted(): string {
    const { workers } = this.options;
    return workers === 1
      ? 'cannot start a thread'
      : `cannot start ${workers} threads, only ${this.size}`;
  }

  /** Makes the calling thread do the work, one message at a time, so that events are handled in between. */
  private startHere(createHandler: CreateHandler<Data, Message, Reply>): void {
    let handler: Promise<Handler<Message>> | undefined;
    const reply = (reply: Reply) => {
      if (!this.isClosing) this.options.onReply(0, reply);
    };
    const setUp = async () => createHandler(this.options.data(0), reply, () => this.isClosing);
    const handleHere = async (message: Message) => {
      try {
        handler ??= setUp();
        const handle = await handler;
        if (!this.isClosing) await handle(message);
      } catch (error) {
        this.fail(error);
      }
    };
    this.send.push((message) => {
      setImmediate(() => {
        if (this.isClosing) return;
        const handled: Promise<void> = handleHere(message).then(() => {
          this.handling.delete(handled);
        });
        this.handling.add(handled);
      });
    });
  }

  private startThread(index: number): void {
    const thread = new Worker(this.options.module, {
      workerData: this.options.data(index),
      ...(isScriptGivenAsText() && { execArgv: [] }),
    });
    this.waitingFor++;
    this.threads.push(thread);
    thread.on('message', (envelope: Envelope<Reply>) => this.receive(index, envelope));
    thread.on('messageerror', (error) => this.fail(error));
    thread.on('error', (error) => this.fail(wordedDeath(error)));
    thread.on('exit', (code) =>
      this.fail(new CharnnError(`a worker thread ended before its work was done (code ${code})`)),
    );
    this.send.push((message) => thread.postMessage(message));
  }

  private receive(index: number, envelope: Envelope<Reply>): void {
    if (this.isClosing) return;
    if ('reply' in envelope) {
      this.options.onReply(index, envelope.reply);
    } else if ('failure' in envelope) {
      const { message, stack, isKnown } = envelope.failure;
      const error = isKnown ? new CharnnError(message) : new Error(message);
      if (stack !== undefined) error.stack = stack;
      this.fail(error);
    } else if (--this.waitingFor === 0) {
      this.settleReady?.resolve();
    }
  }

  /** Ends the pool with the first failure; later ones are its consequences and are ignored. */
  private fail(cause: unknown): void {
    if (this.isClosing || this.failure) return;
    this.failure = cause instanceof Error ? cause : new Error(String(cause));
    this.settleReady?.reject(this.failure);
    this.options.onFailure(this.failure);
  }
}

/**
 * Whether Node.js runs a script that was given as text, as with `node --input-type=module -e …`: it would then refuse
 * the entry module of a worker, which is a file.
 */
function isScriptGivenAsText(): boolean {
  return process.execArgv.some((argument) => argument.startsWith('--input-type'));
}

/** Why the system refused a thread, and what to do; Node.js gives libuv's name of the error only in the message. */
function reasonOfRefusal(cause: unknown): string {
  const { code, message = '' } = cause as NodeJS.ErrnoException;
  if (code !== 'ERR_WORKER_INIT_FAILED') throw cause;
  const name = message.match(/\bE[A-Z]{3,}\b/)?.[0] ?? message;
  return refusals[name] ?? `the system reports ${name}; use fewer threads`;
}

const refusals: Readonly<Record<string, string>> = {
  EAGAIN:
    'the system allows this user or container no more threads; use fewer, or raise that limit (ulimit -u, or the pids limit of the container)',
  ENOMEM: 'there is no memory for another one; use fewer threads',
  EMFILE:
    'too many files are open for another one; use fewer threads, or allow more with ulimit -n',
};

/** A message for a thread that ended unexpectedly. */
function wordedDeath(error: Error): Error {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ERR_WORKER_OUT_OF_MEMORY':
      return new CharnnError('a worker thread ran out of memory; use fewer threads', 1, {
        cause: error,
      });
    case 'ERR_WORKER_INIT_FAILED':
      return new CharnnError(`cannot start a thread: ${reasonOfRefusal(error)}`, 1, {
        cause: error,
      });
    default:
      return error;
  }
}
