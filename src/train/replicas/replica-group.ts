/**
 * The replicas of a training run as the main thread sees them: threads with shared memory, all of which receive the
 * same orders. The main thread computes nothing, so that it stays free for signals and progress.
 */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { Scope } from '../../backend/device.js';
import { cellOf } from '../../model/cells/cells.js';
import { carriedLayers, type ModelConfig } from '../../model/model-config.js';
import { parameterTable } from '../../model/parameters.js';
import type { TextPart } from '../../text/streams.js';
import type { Ids } from '../../text/unit.js';
import { WorkerPool } from '../../threads/worker-pool.js';
import { precisionOf } from '../precision.js';
import type { TrainConfig } from '../train-config.js';
import { momentCount } from '../update/optimizers.js';
import type { MixingPlan } from './mixing.js';
import type { OperationTimes } from './operation-times.js';
import type { Others } from './others.js';
import {
  type Order,
  type Processes,
  partition,
  type ReplicaPlan,
  type Reply,
  type RunResult,
  type TrainingDocuments,
  type TrainingPairs,
} from './replica-plan.js';
import { SharedControl } from './shared-control.js';

export interface TrainingTexts {
  readonly train: Ids;
  /** Which part of the whole training text `train` is; absent if `train` is all of it */
  readonly part?: TextPart | undefined;
  readonly validation: Ids;
  readonly documents?: TrainingDocuments | undefined;
  readonly pairs?: TrainingPairs | undefined;
  readonly mixing?: MixingPlan | undefined;
}

/** What the replicas of a process are given in addition to device, model, configuration and texts */
export interface ReplicaSurroundings {
  /** Where the replicas note how long their operations take */
  readonly times?: OperationTimes | undefined;
  /** The place of this process among those that train together; absent if there is only one */
  readonly processes?: Processes | undefined;
  /** The other processes, if this is the first one */
  readonly others?: Others | undefined;
}

export class Replicas {
  readonly control: SharedControl;
  /** n-gram counts to be mixed with the network; undefined in a training run without counts */
  readonly mixing: MixingPlan | undefined;
  readonly weights: Tensor;
  readonly moments: readonly Tensor[];
  /** The moving average of the weights, if one is kept */
  readonly ema: Tensor | undefined;
  /** The hidden state by replica, layer and tensor, [rows, H] each; the first process has that of all processes */
  private readonly states: readonly (readonly (readonly Tensor[])[])[];
  private readonly plans: readonly ReplicaPlan[];
  private pool: WorkerPool<ReplicaPlan, Order, Reply> | undefined;
  private failure: Error | undefined;
  /** Whether nothing has changed since the data of the other processes was last copied to this one */
  private isGathered = false;
  /** The current order: its replies so far, by replica, and the functions that settle its promise */
  private pending:
    | { replies: Reply[]; resolve(replies: Reply[]): void; reject(error: Error): void }
    | undefined;

  private readonly backend: Backend;

  private constructor(
    device: Scope,
    private readonly model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
    times: OperationTimes | undefined,
    processes: Processes | undefined,
    private readonly others: Others | undefined,
  ) {
    this.backend = device.operations;
    const { backend } = this;
    const { threads: replicas, batchSize } = config;
    const { flatSize } = parameterTable(model);
    const local = replicas / (processes?.size ?? 1);
    const firstIndex = local * (processes?.rank ?? 0);
    this.control = new SharedControl(replicas, undefined, local);
    this.mixing = texts.mixing;
    this.weights = backend.tensor([flatSize]);
    this.moments = Array.from({ length: momentCount(config.optimizer) }, () =>
      backend.tensor([flatSize]),
    );
    this.ema = config.average > 0 ? backend.tensor([flatSize]) : undefined;
    const gradients = Array.from({ length: local }, () =>
      backend.share(backend.tensor([flatSize])),
    );
    const rowShares = Array.from({ length: replicas }, (_, r) => partition(batchSize, r, replicas));
    const isHeld = (r: number) => firstIndex === 0 || Math.floor(r / local) === processes?.rank;
    const statesOf = (rows: number) =>
      Array.from({ length: carriedLayers(model) }, () =>
        cellOf(model).states.map(() => backend.tensor([rows, model.hidden])),
      );
    const states = rowShares.map(({ size }, r) => (isHeld(r) ? statesOf(size) : []));
    this.states = states.filter((_, r) => isHeld(r));
    const shared = states.map((layers) =>
      layers.map((layer) => layer.map((s) => backend.share(s))),
    );
    const own = rowShares.slice(firstIndex, firstIndex + local);
    this.plans = own.map(({ first, size }, r) => ({
      device: device.handle,
      control: this.control.memory,
      model,
      config,
      ...texts,
      index: firstIndex + r,
      replicas,
      processes,
      firstRow: first,
      rows: size,
      weights: backend.share(this.weights),
      moments: this.moments.map((m) => backend.share(m)),
      ema: this.ema && backend.share(this.ema),
      gradients,
      times: times?.memory,
      state: shared[firstIndex + r],
      ...(processes && { states: shared }),
    }));
  }

  /**
   * Starts the threads and waits until all are ready.
   * @throws CharnnError when not all of them can be started: their number is part of the result
   */
  static async start(
    device: Scope,
    model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
    { times, processes, others }: ReplicaSurroundings = {},
  ): Promise<Replicas> {
    const replicas = new Replicas(device, model, config, texts, times, processes, others);
    if (others) others.onFailure = (error) => replicas.fail(error);
    await replicas.startThreads();
    await others?.start(
      { kind: device.handle.kind, precision: precisionOf(config) },
      model,
      config,
      texts,
    );
    return replicas;
  }

  /** Runs one step for each learning rate, or fewer if a stop is requested. */
  async run(firstStep: number, learningRates: Float64Array): Promise<RunResult> {
    const [reply] = await this.order({ type: 'run', firstStep, learningRates });
    if (reply.type !== 'ran') throw new Error(`unexpected reply ${reply.type}`);
    return reply.result;
  }

  /**
   * Sums the losses over the validation text, in nats: the network's, and with counts also the mixture's, whose weights
   * are fitted first. If the validation was stopped, neither sum has a meaning.
   */
  async validate(): Promise<{ nats: number; mixed: number }> {
    const replies = await this.order({ type: 'validate' });
    let [nats, mixed] = [0, 0];
    for (const reply of replies) {
      nats += reply.type === 'validated' ? reply.nats : Number.NaN;
      mixed += reply.type === 'validated' ? reply.mixed : Number.NaN;
    }
    return { nats, mixed };
  }

  /** Fits the mixing weights for the current network, even after a stop was requested. */
  async fit(): Promise<void> {
    await this.order({ type: 'fit' });
  }

  /**
   * Makes the other processes, if there are any, take over weights, moments, averages and hidden state from this one.
   * It must be called after any of these was changed.
   */
  async spread(): Promise<void> {
    if (this.others === undefined) return;
    await this.order({ type: 'spread' });
  }

  /** Copies everything that a saved state contains from the other processes, if there are any, to this one. */
  async gather(): Promise<void> {
    if (this.others === undefined || this.isGathered) return;
    await this.order({ type: 'gather' });
    this.isGathered = true;
  }

  /** Asks all replicas to stop after the current step, or in their validation. */
  requestStop(): void {
    this.control.requestStop();
    this.others?.requestStop();
  }

  /** The hidden state of the whole batch, [B, H] by layer and state. */
  async readHidden(): Promise<Float32Array[][]> {
    const { backend } = this;
    const wholeOf = async (l: number, k: number) => {
      const parts = await Promise.all(this.states.map((layers) => backend.read(layers[l][k])));
      const whole = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    };
    return Promise.all(
      Array.from({ length: carriedLayers(this.model) }, (_, l) =>
        Promise.all(cellOf(this.model).states.map((_, k) => wholeOf(l, k))),
      ),
    );
  }

  writeHidden(hidden: readonly (readonly Float32Array[])[]): void {
    hidden.forEach((layer, l) => {
      layer.forEach((whole, k) => {
        let at = 0;
        for (const layers of this.states) {
          const tensor = layers[l][k];
          this.backend.write(tensor, whole.subarray(at, at + tensor.size));
          at += tensor.size;
        }
      });
    });
  }

  /** Ends the threads; a second call does nothing. */
  async close(): Promise<void> {
    await this.pool?.close();
  }

  private async startThreads(): Promise<void> {
    this.pool = await WorkerPool.start<ReplicaPlan, Order, Reply>({
      workers: this.plans.length,
      module: new URL('../../bundle/replica-worker.js', import.meta.url),
      data: (index) => this.plans[index],
      onReply: (index, reply) => this.takeReply(index, reply),
      onFailure: (error) => this.fail(error),
    });
    try {
      await this.pool.ready();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Gives an order to all replicas, including those of other processes.
   * @returns one reply from each, in their order
   */
  private async order(order: Order): Promise<Reply[]> {
    this.isGathered = false;
    const others = this.others?.order(order);
    // a failure in this process is the cause; nobody waits for the errors that the other processes then report
    others?.catch(() => {});
    return [...(await this.orderHere(order)), ...((await others) ?? [])];
  }

  /**
   * Gives an order to the replicas of this process.
   * @returns one reply from each, in their order
   */
  orderHere(order: Order): Promise<Reply[]> {
    const { failure, pool } = this;
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      this.pending = { replies: [], resolve, reject };
      for (let index = 0; index < this.plans.length; index++) pool?.post(index, order);
    });
  }

  /** Makes current and future orders fail with an error. */
  private fail(error: Error): void {
    this.failure ??= error;
    this.control.barrier.break();
    this.pending?.reject(error);
  }

  private takeReply(index: number, reply: Reply): void {
    const { pending } = this;
    if (pending === undefined) return;
    pending.replies[index] = reply;
    if (Object.keys(pending.replies).length === this.plans.length) pending.resolve(pending.replies);
  }
}
