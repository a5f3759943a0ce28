/**
 * One replica of data-parallel training, with its own rows of the batch, its own activations and gradients, and shared
 * weights. All replicas run the same steps in lockstep:
 *
 *     forward and backward on its own rows                     → its own gradients
 *     — barrier —
 *     its own share of the parameters: gradients of all replicas summed in their order, clipped by value
 *     — barrier —
 *     its own matrices or share: scaled to the global norm, optimiser update
 *     — barrier —
 *
 * If several processes train together, the first replica of each process exchanges data with the first replicas of the
 * others: the sums of gradients before they are clipped, norms and losses before the third part, and weights after it.
 */
import { type Backend, isPending, type Tensor } from '../../backend/backend.js';
import { ParameterTensors, parameterTable } from '../../model/parameters.js';
import { emaWeight, optimizers, update } from '../update/optimizers.js';
import { type ParameterPart, sliceParameters, updatedParts } from '../update/parameter-parts.js';
import { PairTask } from './pair-task.js';
import { ReplicaExchange } from './replica-exchange.js';
import { localShare, type ReplicaPlan, type RunResult } from './replica-plan.js';
import type { SharedControl } from './shared-control.js';
import type { ReplicaTask } from './task.js';
import { TextTask } from './text-task.js';

export class Replica {
  private readonly task: ReplicaTask;
  /** This replica's gradients, as one list */
  private readonly gradients: Tensor;
  /**
   * This replica's share of the parameters, out of those of all processes; the gradients of the share are sums over all
   * replicas.
   */
  private readonly slices: readonly ParameterPart[];
  /**
   * The share of this replica in summing the gradients of its process: the gradients of the process's first replica,
   * and those of the other replicas, which are added to them
   */
  private readonly sums: readonly {
    readonly gradient: Tensor;
    readonly others: readonly Tensor[];
  }[];
  /** The parameters that this replica updates: whole matrices if the optimiser needs them, and a range of the rest */
  private readonly updates: readonly ParameterPart[];
  private readonly exchange: ReplicaExchange | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly plan: ReplicaPlan,
    private readonly control: SharedControl,
  ) {
    const { model, config, index, replicas } = plan;
    const table = parameterTable(model);
    const weights = backend.attach(plan.weights);
    const moments = plan.moments.map((m) => backend.attach(m));
    const ema = plan.ema && backend.attach(plan.ema);
    const gradients = plan.gradients.map((g) => backend.attach(g));
    const local = localShare(plan);
    const own = [
      new ParameterTensors(backend, table, weights),
      new ParameterTensors(backend, table, gradients[local.index]),
    ] as const;
    this.gradients = gradients[local.index];
    this.task = plan.pairs
      ? new PairTask(backend, plan, plan.pairs, ...own)
      : new TextTask(backend, plan, ...own);

    const { parameters } = table;
    const flat = { weights, moments, ema };
    const all = { ...flat, gradients: gradients[0] };
    this.slices = sliceParameters(backend, parameters, all, index, replicas);
    const localSlices = gradients.map((g) =>
      sliceParameters(backend, parameters, { ...flat, gradients: g }, local.index, local.count),
    );
    this.sums = localSlices[0].map(({ gradient }, i) => ({
      gradient,
      others: localSlices.slice(1).map((list) => list[i].gradient),
    }));
    const takesMatrices = optimizers[config.optimizer].takesMatrices ?? false;
    this.updates = updatedParts(backend, parameters, all, takesMatrices, index, replicas);
    if (plan.processes && local.index === 0) {
      const states = plan.states ?? [];
      this.exchange = new ReplicaExchange(backend, plan.processes, parameters, all, {
        takesMatrices,
        states: states.map((layers) => layers.flat().map((s) => backend.attach(s))),
      });
    }
  }

  /**
   * Runs one step for each learning rate, unless a stop is requested or the loss diverges.
   * @param firstStep number of steps done before
   */
  async run(firstStep: number, learningRates: Float64Array): Promise<RunResult> {
    let step = firstStep;
    for (const rate of learningRates) {
      const diverged = await this.step(step, rate);
      if (diverged) return { step, diverged };
      step++;
      if (this.plan.index === 0 && !this.plan.processes) this.control.decide();
      this.control.barrier.wait();
      if (this.control.decidedToStop) break;
    }
    return { step, diverged: undefined };
  }

  /**
   * Sums the validation losses of this replica's share, for the network and for the mixture. If the validation was
   * stopped, neither sum has a meaning.
   */
  async validate(): Promise<{ nats: number; mixed: number }> {
    const { control, task } = this;
    const stopped = () => control.stopRequested;
    this.exchangeAverage();
    await this.fitMixing(stopped);
    const losses = await task.validate(stopped);
    this.exchangeAverage();
    return losses;
  }

  /** Fits the mixing weights for the weights that are validated: their moving average, if one is kept. */
  async fit(): Promise<void> {
    this.exchangeAverage();
    await this.fitMixing(() => false);
    this.exchangeAverage();
  }

  private async fitMixing(stopped: () => boolean): Promise<void> {
    const { control, plan } = this;
    const { mixing } = this.task;
    if (mixing === undefined) return;
    await mixing.read(stopped);
    control.barrier.wait();
    this.exchange?.collect(mixing.predictions);
    // if any thread was stopped, the predictions are incomplete and must not be used
    if (plan.index === 0 && !stopped()) mixing.fit();
    this.exchange?.spreadFitted(mixing.predictions, mixing.weights);
    control.barrier.wait();
  }

  /** Swaps the weights and their moving average, because the average is what is validated. */
  private exchangeAverage(): void {
    if (this.plan.ema === undefined) return;
    const { backend, control } = this;
    control.barrier.wait();
    for (const { weight, gradient, ema } of this.updates) {
      if (ema === undefined) continue;
      // the gradients, which no replica uses between two steps, are temporary memory for swapping weights and average
      backend.copy(gradient, weight);
      backend.copy(weight, ema);
      backend.copy(ema, gradient);
    }
    control.barrier.wait();
    this.passOn((exchange) => exchange.gatherWeights());
  }

  /**
   * Copies parameters and everything that belongs to them from the first process to all others, or from all others to
   * the first one.
   */
  copyParameters(way: 'spread' | 'gather'): void {
    this.control.barrier.wait();
    this.passOn((exchange) => (way === 'spread' ? exchange.spread() : exchange.gatherMoments()));
  }

  /**
   * Lets the first replica of each process exchange data with the first replicas of the others, while the other
   * replicas of its process wait.
   */
  private passOn(work: (exchange: ReplicaExchange) => void): void {
    if (this.plan.processes === undefined) return;
    if (this.exchange) work(this.exchange);
    this.control.barrier.wait();
  }

  private async step(step: number, rate: number): Promise<RunResult['diverged']> {
    const { backend, control, plan } = this;
    const { config, index } = plan;
    const characters = this.task.targets(step);

    backend.fill(this.gradients, 0);
    const lossSum = await this.task.forwardBackward(step, 1 / characters);
    control.setLossSum(index, lossSum);
    control.barrier.wait();

    for (const { gradient, others } of this.sums) {
      for (const other of others) backend.add(gradient, other);
    }
    if (plan.processes) {
      control.barrier.wait();
      this.passOn((exchange) => exchange.sumGradients());
    }
    if (config.clipBy === 'value') {
      for (const { gradient } of this.slices) backend.clamp(gradient, config.clip);
    }
    const squares = backend.sumSquares(this.slices.map(({ gradient }) => gradient));
    control.setSquareSum(index, isPending(squares) ? await squares : squares);
    if (plan.processes && index === 0) control.decide();
    control.barrier.wait();
    this.passOn((exchange) => {
      control.exchangeSums((values) => exchange.gatherNumbers(values));
      exchange.passGradients();
    });

    const loss = control.lossSum() / characters;
    const gradientNorm = Math.sqrt(control.squareSum());
    if (!(loss <= maxLoss(plan.model.vocabulary)) || !Number.isFinite(gradientNorm)) {
      return { loss, gradientNorm };
    }
    const clipped = config.clipBy === 'norm' && gradientNorm > config.clip;
    const gradientScale = clipped ? config.clip / gradientNorm : 1;
    for (const part of this.updates) {
      update(backend, config, part, { learningRate: rate, step: step + 1, gradientScale });
      if (part.ema) {
        backend.lerp(part.ema, part.weight, emaWeight(config.average, step + 1));
      }
    }
    if (index === 0) control.record(step, loss, gradientNorm, clipped);
    if (plan.processes) {
      control.barrier.wait();
      this.exchange?.gatherWeights();
    }
    return undefined;
  }
}

/**
 * The loss above which training counts as diverged. Predicting at random costs ln V on average; even confident wrong
 * predictions of every character in a chunk cost only several times that.
 */
function maxLoss(vocabulary: number): number {
  return 5 + 3 * Math.log(vocabulary);
}
