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
 */
import { type Backend, isPending, type Tensor } from '../../backend/backend.js';
import { ParameterTensors, parameterTable } from '../../model/parameters.js';
import { emaWeight, optimizers, update } from '../update/optimizers.js';
import { dealMatrices, type ParameterPart, sliceParameters } from '../update/parameter-parts.js';
import { PairTask } from './pair-task.js';
import type { ReplicaPlan, RunResult } from './replica-plan.js';
import type { SharedControl } from './shared-control.js';
import type { ReplicaTask } from './task.js';
import { TextTask } from './text-task.js';

export class Replica {
  private readonly task: ReplicaTask;
  /** This replica's gradients, as one list */
  private readonly gradients: Tensor;
  /**
   * This replica's share of the parameters. Their gradients are those of replica 0, to which those of the others are
   * added.
   */
  private readonly slices: readonly ParameterPart[];
  /** The same share of the other replicas' gradients, in the order of the slices. */
  private readonly others: readonly (readonly Tensor[])[];
  /** The parameters that this replica updates: whole matrices if the optimiser needs them, and a range of the rest */
  private readonly updates: readonly ParameterPart[];

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
    const own = [
      new ParameterTensors(backend, table, weights),
      new ParameterTensors(backend, table, gradients[index]),
    ] as const;
    this.gradients = gradients[index];
    this.task = plan.pairs
      ? new PairTask(backend, plan, plan.pairs, ...own)
      : new TextTask(backend, plan, ...own);

    const { parameters } = table;
    const flat = { weights, moments, ema };
    const slicesOf = (g: Tensor, of = parameters) =>
      sliceParameters(backend, of, { ...flat, gradients: g }, index, replicas);
    this.slices = slicesOf(gradients[0]);
    const rest = gradients.slice(1).map((g) => slicesOf(g).map((slice) => slice.gradient));
    this.others = this.slices.map((_, i) => rest.map((list) => list[i]));
    if (optimizers[config.optimizer].takesMatrices) {
      const sum = { ...flat, gradients: gradients[0] };
      const single = parameters.filter(({ gates }) => gates === 0);
      const matrices = dealMatrices(backend, parameters, sum, index, replicas);
      this.updates = [...matrices, ...slicesOf(gradients[0], single)];
    } else {
      this.updates = this.slices;
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
      if (this.plan.index === 0) this.control.decide();
      this.control.barrier.wait();
      if (this.control.decidedToStop) break;
    }
    return { step, diverged: undefined };
  }

  /**
   * Sums the validation losses of this replica's segments, for the network and for the mixture. Both are NaN if the
   * validation was stopped.
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

  /** Fits the mixing weights for the network weights that are validated. */
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
    // if any thread was stopped, the predictions are incomplete and must not be used
    if (plan.index === 0 && !stopped()) mixing.fit();
    control.barrier.wait();
  }

  /** Swaps the weights and their moving average, because the average is what is validated. */
  private exchangeAverage(): void {
    if (this.plan.ema === undefined) return;
    const { backend, control } = this;
    control.barrier.wait();
    for (const { weight, gradient, ema } of this.slices) {
      if (ema === undefined) continue;
      // the gradients serve as temporary memory for the swap, since no replica uses them between two steps
      backend.copy(gradient, weight);
      backend.copy(weight, ema);
      backend.copy(ema, gradient);
    }
    control.barrier.wait();
  }

  private async step(step: number, rate: number): Promise<RunResult['diverged']> {
    const { backend, control, plan } = this;
    const { config, index } = plan;
    const characters = this.task.targets(step);

    backend.fill(this.gradients, 0);
    const lossSum = await this.task.forwardBackward(step, 1 / characters);
    control.setLossSum(index, lossSum);
    control.barrier.wait();

    this.slices.forEach(({ gradient }, i) => {
      for (const other of this.others[i]) backend.add(gradient, other);
      if (config.clipBy === 'value') backend.clamp(gradient, config.clip);
    });
    const squares = backend.sumSquares(this.slices.map(({ gradient }) => gradient));
    control.setSquareSum(index, isPending(squares) ? await squares : squares);
    control.barrier.wait();

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
