/**
 * The replicas of a training as the main thread sees them: threads with shared memory, all of which receive the same
 * orders. The main thread computes nothing, so that it stays free for signals and progress.
 */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { Scope } from '../../backend/device.js';
import { cellOf } from '../../model/cells/cells.js';
import { carriedLayers, type ModelConfig } from '../../model/model-config.js';
import { parameterTable } from '../../model/parameters.js';
import type { Ids } from '../../text/unit.js';
import { WorkerPool } from '../../threads/worker-pool.js';
import type { TrainConfig } from '../train-config.js';
import { momentCount } from '../update/optimizers.js';
import type { MixingPlan } from './mixing.js';
import type { OperationTimes } from './operation-times.js';
import {
  type Order,
  partition,
  type ReplicaPlan,
  type Reply,
  type RunResult,
  type TrainingDocuments,
  type TrainingPairs,
} from './replica-plan.js';
import { SharedControl } from './shared-control.js';

interface TrainingTexts {
  readonly train: Ids;
  readonly validation: Ids;
  readonly documents?: TrainingDocuments | undefined;
  readonly pairs?: TrainingPairs | undefined;
  readonly mixing?: MixingPlan | undefined;
}

export class Replicas {
  readonly control: SharedControl;
  /** Counts to be mixed with the network; undefined in a training without counts */
  readonly mixing: MixingPlan | undefined;
  readonly weights: Tensor;
  readonly moments: readonly Tensor[];
  /** The moving average of the weights, if one is kept */
  readonly ema: Tensor | undefined;
  /** [rows, H] by replica, layer and state */
  private readonly states: readonly (readonly (readonly Tensor[])[])[];
  private readonly plans: readonly ReplicaPlan[];
  private pool: WorkerPool<ReplicaPlan, Order, Reply> | undefined;
  private failure: Error | undefined;
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
  ) {
    this.backend = device.operations;
    const { backend } = this;
    const { threads: replicas, batchSize } = config;
    const { flatSize } = parameterTable(model);
    this.control = new SharedControl(replicas);
    this.mixing = texts.mixing;
    this.weights = backend.tensor([flatSize]);
    this.moments = Array.from({ length: momentCount(config.optimizer) }, () =>
      backend.tensor([flatSize]),
    );
    this.ema = config.average > 0 ? backend.tensor([flatSize]) : undefined;
    const gradients = Array.from({ length: replicas }, () =>
      backend.share(backend.tensor([flatSize])),
    );
    const rowShares = Array.from({ length: replicas }, (_, r) => partition(batchSize, r, replicas));
    this.states = rowShares.map(({ size }) =>
      Array.from({ length: carriedLayers(model) }, () =>
        cellOf(model).states.map(() => backend.tensor([size, model.hidden])),
      ),
    );
    this.plans = rowShares.map(({ first, size }, index) => ({
      device: device.handle,
      control: this.control.memory,
      model,
      config,
      ...texts,
      index,
      replicas,
      firstRow: first,
      rows: size,
      weights: backend.share(this.weights),
      moments: this.moments.map((m) => backend.share(m)),
      ema: this.ema && backend.share(this.ema),
      gradients,
      times: times?.memory,
      state: this.states[index].map((layer) => layer.map((s) => backend.share(s))),
    }));
  }

  /**
   * Starts the threads and waits until all are ready.
   * @param times where the replicas record how long their operations take
   * @throws CharnnError when not all of them can be started, because the result depends on their number
   */
  static async start(
    device: Scope,
    model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
    times?: OperationTimes,
  ): Promise<Replicas> {
    const replicas = new Replicas(device, model, config, texts, times);
    await replicas.startThreads();
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
   * are fitted first. Both are NaN if the validation was stopped.
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
      module: new URL('./replica-worker.js', import.meta.url),
      data: (index) => this.plans[index],
      onReply: (index, reply) => this.takeReply(index, reply),
      onFailure: (error) => {
        this.failure = error;
        this.control.barrier.break();
        this.pending?.reject(error);
      },
    });
    try {
      await this.pool.ready();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Sends an order to all replicas.
   * @returns one reply from each, in their order
   */
  private order(order: Order): Promise<Reply[]> {
    const { failure, pool } = this;
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      this.pending = { replies: [], resolve, reject };
      for (let index = 0; index < this.plans.length; index++) pool?.post(index, order);
    });
  }

  private takeReply(index: number, reply: Reply): void {
    const { pending } = this;
    if (pending === undefined) return;
    pending.replies[index] = reply;
    if (Object.keys(pending.replies).length === this.plans.length) pending.resolve(pending.replies);
  }
}
