/** The other processes of a training run, as the main thread of the first process sees them. */
import type { DeviceHandle, Precision } from '../../backend/device.js';
import type { Letter, Link } from '../../cluster/link.js';
import { mpiOfAddon } from '../../cluster/mpi.js';
import { portable } from '../../cluster/portable.js';
import type { Counted, CountingPlan } from '../../counts/counting-handler.js';
import { CharnnError } from '../../errors.js';
import type { ModelConfig } from '../../model/model-config.js';
import { type IdList, idsInMemory } from '../../text/id-list.js';
import type { Ids } from '../../text/unit.js';
import type { TrainingText } from '../job.js';
import { type CountedShare, countShares, requireSharedCounting } from '../shares/count-shares.js';
import { shareOf, type TextShare } from '../shares/text-shares.js';
import type { TrainConfig } from '../train-config.js';
import type { TrainingTexts } from './replica-group.js';
import type { Order, Reply } from './replica-plan.js';

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
  /** Makes a process count the n-grams of its share of the training text. */
  | { readonly type: 'count'; readonly share: CountedShare }
  | Invitation
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'stop' }
  | { readonly type: 'end'; readonly isFailure: boolean };

/** The messages that the other processes send */
export type FromOthers =
  | { readonly type: 'taken' }
  | { readonly type: 'counted' }
  | { readonly type: 'ready' }
  | { readonly type: 'replies'; readonly replies: readonly Reply[] }
  | { readonly type: 'failed'; readonly message: string; readonly host: string };

/** Max number of ids in a message */
const pieceLength = 1 << 23;

/** The texts that the first process divides among all; the n-gram counts are added after that. */
export interface SharedTexts extends Omit<TrainingTexts, 'mixing'> {
  /** The part held out at the beginning of the text, and the training text after it; absent for pairs */
  readonly counted?: Ids;
}

export class Others {
  /** By rank, the shares of the training text; none for pairs */
  private shares: readonly TextShare[] = [];
  /** Number of characters of the training text that is shared */
  private characters = 0;
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

  /**
   * Gives each of the other processes its share of the training text. Pairs are read in any order, so each process has
   * all of them.
   * @returns the texts of this process
   */
  async share(config: TrainConfig, corpus: TrainingText): Promise<SharedTexts> {
    const { validation, documents, pairs } = corpus;
    const rest = { validation, documents, pairs };
    if (pairs) {
      const train = idsInMemory(corpus.train);
      await this.sendIds(Array.from({ length: this.size - 1 }, () => train));
      return { ...rest, train };
    }
    this.shares = Array.from({ length: this.size }, (_, rank) =>
      shareOf(rank, this.size, config, corpus),
    );
    const [own, ...theirs] = this.shares;
    this.characters = corpus.train.length;
    await this.sendIds(theirs.map(({ ids }) => ids));
    const { train, counted = train } = corpus;
    const held = counted.length - train.length;
    const ids = idsInMemory(counted.subarray(0, held + own.ids.length));
    return { ...rest, train: ids.subarray(held), part: own.part, counted: ids };
  }

  /**
   * Counts the n-grams of the training text together with the other processes, after `share`.
   * @param plan its text is the share of this process, as `share` returned it
   * @returns undefined if the signal ended it
   */
  async count(plan: CountingPlan, signal?: AbortSignal): Promise<Counted | undefined> {
    const { held, vocabulary, context } = plan;
    // before the others begin, because they would wait for this process
    requireSharedCounting(plan, this.characters);
    const [own, ...theirs] = this.shares.map(({ counted }) => ({
      ...counted,
      vocabulary,
      context,
    }));
    const finished = this.answers();
    theirs.forEach((share, i) => {
      this.link.send(i + 1, { type: 'count', share } satisfies ToOthers);
    });
    const ids = plan.text;
    const processes = { rank: 0, size: this.size };
    const counting = countShares(
      { ...own, from: held, to: held + own.to, ids, processes },
      plan,
      signal,
    );
    const [counted] = await Promise.all([counting, finished]);
    return counted;
  }

  /** Makes the other processes prepare the same training run, and waits until they have done so. */
  async start(
    device: { readonly kind: DeviceHandle['kind']; readonly precision: Precision },
    model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
  ): Promise<void> {
    const { kind, precision } = device;
    const ready = this.answers();
    // the other processes have their shares of the training text already
    const rest = portable({ ...texts, train: texts.train.subarray(0, 0) });
    for (let rank = 1; rank < this.size; rank++) {
      const part = this.shares[rank]?.part;
      const plan: Invitation = {
        type: 'plan',
        model,
        config,
        texts: { ...rest, part },
        kind,
        precision,
      };
      this.link.send(rank, plan);
    }
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

  /** Sends a list of ids to each of the others, in pieces, so that there are never many copies of them in memory. */
  private async sendIds(lists: readonly IdList[]): Promise<void> {
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
