/** A replica's share of training on pairs: some rows of each batch. */
import { type Answer, type Backend, isPending } from '../../backend/backend.js';
import { PairBatches } from '../../model/pairs/pair-batches.js';
import { PairFeed } from '../../model/pairs/pair-feed.js';
import { PairNetwork } from '../../model/pairs/pair-network.js';
import type { ParameterTensors } from '../../model/parameters.js';
import { partition, type ReplicaPlan, type TrainingPairs } from './replica-plan.js';
import { larger, type ReplicaTask } from './task.js';

export class PairTask implements ReplicaTask {
  readonly mixing = undefined;
  private readonly network: PairNetwork;
  private readonly training: PairBatches;
  private readonly validation: PairBatches;
  private readonly feed: PairFeed;
  private readonly share: (rows: number) => { first: number; size: number };

  constructor(
    private readonly backend: Backend,
    private readonly plan: ReplicaPlan,
    pairs: TrainingPairs,
    weights: ParameterTensors,
    gradients: ParameterTensors,
  ) {
    const { model, config, index, replicas } = plan;
    const { batchSize, seed } = config;
    const { marks } = pairs;
    this.share = (rows) => partition(rows, index, replicas);
    this.training = new PairBatches(plan.train, pairs.train, marks, batchSize, seed);
    this.validation = new PairBatches(
      ...([plan.validation, pairs.validation, marks, batchSize, undefined] as const),
    );
    const sizes = larger(
      this.training.sizes((rows) => this.share(rows).size),
      this.validation.sizes((rows) => rows),
    );
    this.network = new PairNetwork(backend, model, weights, gradients, sizes);
    this.feed = new PairFeed(backend, sizes);
  }

  targets(step: number): number {
    return this.training.targets(step);
  }

  forwardBackward(step: number, scale: number): Answer<number> {
    const { backend, network, plan } = this;
    const batch = this.training.read(step, this.share);
    if (batch.B === 0) return 0;
    const { config } = plan;
    const { sources, inputs, places, targets } = this.feed.rows(batch);
    network.encode(sources, {
      rate: config.dropout,
      locked: config.dropoutMask === 'locked',
      weightRate: 0,
      seed: config.seed,
      step,
      firstRow: batch.firstRow,
      totalRows: batch.totalRows,
    });
    network.decode(inputs, batch.T, places);
    const lossSum = backend.sum(network.loss(targets, scale));
    network.backward();
    return lossSum;
  }

  /** Validates this replica's share of the batches: with n replicas, batch `index` and every n-th one after it. */
  async validate(stopped: () => boolean): Promise<{ nats: number; mixed: number }> {
    const { backend, network, plan, validation } = this;
    let nats = 0;
    for (let i = plan.index; i < validation.batchesPerPass; i += plan.replicas) {
      if (stopped()) return { nats: Number.NaN, mixed: 0 };
      const batch = validation.read(i, (rows) => ({ first: 0, size: rows }));
      const { sources, inputs, places, targets } = this.feed.rows(batch);
      network.encode(sources);
      network.decode(inputs, batch.T, places);
      const sum = backend.sum(network.loss(targets, 0));
      nats += isPending(sum) ? await sum : sum;
    }
    return { nats, mixed: 0 };
  }
}
