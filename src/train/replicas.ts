/**
 * The replicas of a training as the main thread sees them: threads on one shared memory, given orders
 * all at once. The main thread computes nothing; it stays free for signals and progress.
 */
import { Worker } from 'node:worker_threads';
import type { Backend, Tensor } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import { CharnnError } from '../errors.js';
import { requireThreads } from '../machine.js';
import { cells } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/config.js';
import { parameterTable } from '../model/parameters.js';
import type { Ids } from '../text/unit.js';
import type { TrainConfig } from './config.js';
import { Control } from './control.js';
import { momentCount } from './optimizer.js';
import {
  type Order,
  type ReplicaPlan,
  type Reply,
  type RunResult,
  share,
  type TrainingDocuments,
} from './plan.js';

interface TrainingTexts {
  readonly train: Ids;
  readonly validation: Ids;
  readonly documents?: TrainingDocuments | undefined;
}

export class Replicas {
  readonly control: Control;
  readonly weights: Tensor;
  readonly moments: readonly Tensor[];
  /** The moving average of the weights, if one is kept */
  readonly average: Tensor | undefined;
  /** [rows, H] by replica, layer and state */
  private readonly states: readonly (readonly (readonly Tensor[])[])[];
  private readonly workers: readonly Worker[];
  /** Settles the orders under way when a thread fails. */
  private reject: (error: Error) => void = () => {};
  private failure: Error | undefined;
  private readonly takeReply: ((reply: Reply) => void)[] = [];
  private closing = false;

  private readonly backend: Backend;

  private constructor(
    device: Scope,
    private readonly model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
  ) {
    this.backend = device.operations;
    const { backend } = this;
    requireThreads(config.threads);
    const { threads: replicas, batchSize } = config;
    const { flatSize } = parameterTable(model);
    this.control = new Control(replicas);
    this.weights = backend.tensor([flatSize]);
    this.moments = Array.from({ length: momentCount(config.optimizer.name) }, () =>
      backend.tensor([flatSize]),
    );
    this.average = config.average > 0 ? backend.tensor([flatSize]) : undefined;
    const gradients = Array.from({ length: replicas }, () =>
      backend.share(backend.tensor([flatSize])),
    );
    const rowShares = Array.from({ length: replicas }, (_, r) => share(batchSize, r, replicas));
    this.states = rowShares.map(({ size }) =>
      Array.from({ length: model.layers }, () =>
        cells[model.cell].states.map(() => backend.tensor([size, model.hidden])),
      ),
    );
    this.workers = rowShares.map(({ first, size }, index) => {
      const plan: ReplicaPlan = {
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
        average: this.average && backend.share(this.average),
        gradients,
        state: this.states[index].map((layer) => layer.map((s) => backend.share(s))),
      };
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: plan });
      worker.on('message', (reply: Reply) => this.onReply(index, reply));
      worker.on('error', (error) => this.fail(error));
      worker.on('exit', (code) => {
        if (!this.closing) this.fail(new CharnnError(`a training thread ended with code ${code}`));
      });
      return worker;
    });
  }

  /** Starts the threads and waits until all are ready. */
  static async start(
    device: Scope,
    model: ModelConfig,
    config: TrainConfig,
    texts: TrainingTexts,
  ): Promise<Replicas> {
    const replicas = new Replicas(device, model, config, texts);
    await replicas.replies();
    return replicas;
  }

  /** Runs a step for each learning rate, or fewer after a request to stop. */
  async run(firstStep: number, learningRates: Float64Array): Promise<RunResult> {
    const [reply] = await this.order({ type: 'run', firstStep, learningRates });
    if (reply.type !== 'ran') throw new Error(`unexpected reply ${reply.type}`);
    return reply.result;
  }

  /** Σ of the losses over the validation text, in nats; not a number when stopped. */
  async validate(): Promise<number> {
    const replies = await this.order({ type: 'validate' });
    return replies.reduce(
      (sum, reply) => sum + (reply.type === 'validated' ? reply.nats : Number.NaN),
      0,
    );
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
    const { layers, cell } = this.model;
    return Promise.all(
      Array.from({ length: layers }, (_, l) =>
        Promise.all(cells[cell].states.map((_, k) => wholeOf(l, k))),
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
    this.closing = true;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private order(order: Order): Promise<Reply[]> {
    const replies = this.replies();
    for (const worker of this.workers) worker.postMessage(order);
    return replies;
  }

  /** One reply of every replica, in their order. */
  private replies(): Promise<Reply[]> {
    const { failure } = this;
    if (failure) return Promise.reject(failure);
    return Promise.race([
      Promise.all(
        this.workers.map(
          (_, index) =>
            new Promise<Reply>((resolve) => {
              this.takeReply[index] = resolve;
            }),
        ),
      ),
      new Promise<never>((_, reject) => {
        this.reject = reject;
      }),
    ]);
  }

  private onReply(index: number, reply: Reply): void {
    if (reply.type !== 'failed') {
      this.takeReply[index](reply);
      return;
    }
    const error = reply.known ? new CharnnError(reply.message) : new Error(reply.message);
    if (reply.stack !== undefined) error.stack = reply.stack;
    this.fail(error);
  }

  /** The first failure is the cause; what follows are its consequences. */
  private fail(error: Error): void {
    this.failure ??= error;
    this.control.breakBarrier();
    this.reject(this.failure);
  }
}
