/** The other processes of a training run, as the main thread of the first process sees them. */
import type { DeviceHandle, Precision } from '../../backend/device.js';
import type { Letter, Link } from '../../cluster/link.js';
import { mpiOfAddon } from '../../cluster/mpi.js';
import { portable } from '../../cluster/portable.js';
import { CharnnError } from '../../errors.js';
import type { ModelConfig } from '../../model/model-config.js';
import { partOfRows } from '../../text/streams.js';
import type { Ids } from '../../text/unit.js';
import type { TrainConfig } from '../train-config.js';
import type { TrainingTexts } from './replica-group.js';
import { type Order, partition, type Reply } from './replica-plan.js';

/** What the first process sends to the other processes at the start */
export interface Invitation {
  readonly type: 'plan';
  readonly model: ModelConfig;
  readonly config: TrainConfig;
  /** The texts of the training run, without the ids of the training text, which earlier messages have carried */
  readonly texts: TrainingTexts;
  readonly kind: DeviceHandle['kind'];
  readonly precision: Precision;
}

/** The messages that the first process sends */
export type ToOthers =
  /** A piece of the training text; all pieces are sent before the message of type 'plan' */
  | { readonly type: 'ids'; readonly ids: Ids; readonly at: number; readonly length: number }
  | Invitation
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'stop' }
  | { readonly type: 'end'; readonly isFailure: boolean };

/** The messages that the other processes send */
export type FromOthers =
  | { readonly type: 'taken' }
  | { readonly type: 'ready' }
  | { readonly type: 'replies'; readonly replies: readonly Reply[] }
  | { readonly type: 'failed'; readonly message: string; readonly host: string };

/** Max number of ids in a message */
const pieceLength = 1 << 23;

export class Others {
  /** Called when another process has failed or is lost */
  onFailure: (error: Error) => void = () => {};
  private failure: Error | undefined;
  /**
   * The replies that are being waited for: those received so far, by rank, and the functions that settle the promise
   */
  private pending:
    | {
        letters: FromOthers[];
        count: number;
        resolve(letters: FromOthers[]): void;
        reject(error: Error): void;
      }
    | undefined;

  constructor(private readonly link: Link) {
    link.onFailure = (error) => this.fail(error);
    link.onLetter = (letter) => this.take(letter);
  }

  get size(): number {
    return this.link.size;
  }

  /** Makes the other processes prepare the same training run, and waits until they have done so. */
  async start(
    device: { readonly kind: DeviceHandle['kind']; readonly precision: Precision },
    model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
  ): Promise<void> {
    const { kind, precision } = device;
    const parts = Array.from({ length: this.size - 1 }, (_, i) =>
      this.textsOf(i + 1, config, texts),
    );
    await this.sendIds(parts.map(({ train }) => train));
    const ready = this.answers();
    parts.forEach((part, i) => {
      const rest = portable({ ...part, train: part.train.subarray(0, 0) });
      const plan: Invitation = { type: 'plan', model, config, texts: rest, kind, precision };
      this.link.send(i + 1, plan);
    });
    await ready;
  }

  /** @returns the replies of all replicas of the other processes, in the order of the replicas */
  async order(order: Order): Promise<Reply[]> {
    const answers = this.answers();
    this.send({ type: 'order', order });
    return (await answers).flatMap((letter) => (letter.type === 'replies' ? letter.replies : []));
  }

  requestStop(): void {
    this.send({ type: 'stop' });
  }

  /** Ends the work of the other processes; after a failure, it does not wait for them. */
  end(isFailure: boolean): Promise<void> {
    return this.link.end(isFailure);
  }

  /** Sends to each of the other processes its list of ids, in pieces, so that there are never many copies in memory. */
  private async sendIds(lists: readonly Ids[]): Promise<void> {
    const longest = Math.max(...lists.map(({ length }) => length));
    for (let at = 0; at < longest; at += pieceLength) {
      const taken = this.answers();
      lists.forEach((list, i) => {
        const ids = list.slice(at, at + pieceLength);
        const piece: ToOthers = { type: 'ids', ids, at, length: list.length };
        this.link.send(i + 1, piece);
      });
      await taken;
    }
  }

  /** The texts that a process needs: its part of the training text, but all pairs, which are read in any order. */
  private textsOf(
    rank: number,
    { batchSize, threads }: TrainConfig,
    texts: TrainingTexts,
  ): TrainingTexts {
    const { train, documents, pairs } = texts;
    if (pairs) return texts;
    const local = threads / this.size;
    const first = partition(batchSize, local * rank, threads).first;
    const end = partition(batchSize, local * (rank + 1), threads).first;
    // a separator of documents may end just where the rows begin, so its characters before the rows are needed as well
    const before = documents?.train.separator.length ?? 0;
    const { ids, part } = partOfRows(train, batchSize, first, end, before);
    return { ...texts, train: ids, part };
  }

  private send(content: ToOthers): void {
    this.link.sendAll(content);
  }

  /** One message from each of the other processes, by rank */
  private answers(): Promise<FromOthers[]> {
    if (this.failure) return Promise.reject(this.failure);
    const { promise, resolve, reject } = withResolvers<FromOthers[]>();
    this.pending = { letters: [], count: 0, resolve, reject };
    return promise;
  }

  private take({ rank, content }: Letter): boolean {
    const letter = content as FromOthers;
    if (letter.type === 'failed') {
      this.fail(new CharnnError(`process ${rank} on ${letter.host}: ${letter.message}`));
      return true;
    }
    const { pending } = this;
    if (pending === undefined) return true;
    pending.letters[rank - 1] = letter;
    if (++pending.count === this.link.size - 1) pending.resolve(pending.letters);
    return true;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending?.reject(this.failure);
    this.onFailure(this.failure);
    // after a failure, the exchange of data with other processes cannot be completed, so nothing may wait for it
    mpiOfAddon().breakOff();
  }
}

/** A promise and the functions that settle it; Node.js 20 does not have Promise.withResolvers. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
