/**
 * One replica of data-parallel training: its own rows of the batch, its own activations and gradients,
 * shared weights. All replicas run the same steps in lockstep:
 *
 *     forward and backward on the own rows                     → own gradients
 *     — barrier —
 *     the own share of the parameters: gradients of all replicas summed in their order, clipped by value
 *     — barrier —
 *     the own matrices or share: scaled to the global norm, optimiser update
 *     — barrier —
 */
import {
  type Answer,
  type Backend,
  type Indices,
  isPending,
  type Tensor,
} from '../../backend/backend.js';
import { Network, type State } from '../../model/network.js';
import { ParameterTensors, parameterTable } from '../../model/parameters.js';
import { SegmentedEvaluator, segmentText } from '../../model/segmented-evaluator.js';
import { Streams } from '../../text/streams.js';
import { emaWeight, optimizers, update } from '../update/optimizers.js';
import { dealMatrices, type ParameterPart, sliceParameters } from '../update/parameter-parts.js';
import { heldRows, Mixing } from './mixing.js';
import { partition, type ReplicaPlan, type RunResult } from './replica-plan.js';
import type { SharedControl } from './shared-control.js';

/** Steps a chunk in validation, memory permitting. */
const validationSteps = 64;

export class Replica {
  private readonly network: Network;
  private readonly streams: Streams;
  private readonly state: State;
  private readonly weights: ParameterTensors;
  private readonly gradients: ParameterTensors;
  private readonly inputs: Int32Array;
  private readonly targets: Int32Array;
  private readonly inputBuffer: Indices;
  private readonly targetBuffer: Indices;
  /** This replica's share of the parameters; their gradients are replica 0's, the sum of all. */
  private readonly slices: readonly ParameterPart[];
  /** The same share of the other replicas' gradients, in the order of the slices. */
  private readonly others: readonly (readonly Tensor[])[];
  /** What this replica updates: matrices, if the optimiser takes them whole, and a share of the rest. */
  private readonly updates: readonly ParameterPart[];
  private readonly validation: SegmentedEvaluator | undefined;
  private readonly mixing: Mixing | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly plan: ReplicaPlan,
    private readonly control: SharedControl,
  ) {
    const { model, config, rows, index, replicas } = plan;
    const { seqLength, batchSize, dropout, weightDrop } = config;
    const table = parameterTable(model);
    const weights = backend.attach(plan.weights);
    const moments = plan.moments.map((m) => backend.attach(m));
    const ema = plan.ema && backend.attach(plan.ema);
    const gradients = plan.gradients.map((g) => backend.attach(g));
    this.weights = new ParameterTensors(backend, table, weights);
    this.gradients = new ParameterTensors(backend, table, gradients[index]);

    const segments = segmentText(plan.validation.length);
    const validationShare = partition(segments.count, index, replicas);
    const trainRows = rows * seqLength;
    const T = stepsFor(trainRows, validationShare.size);
    const held = plan.mixing ? heldRows(plan.mixing, index, replicas) : 0;
    const heldT = stepsFor(trainRows, held);
    this.network = new Network(backend, model, this.weights, this.gradients, {
      maxRows: Math.max(trainRows, T * validationShare.size, heldT * held),
      maxBatch: Math.max(rows, validationShare.size, held),
      training: true,
      dropout: dropout > 0,
      weightDrop: weightDrop > 0,
      documents: plan.documents !== undefined,
    });
    this.streams = new Streams(plan.train, batchSize, seqLength, plan.documents?.train);
    this.state = plan.state.map((layer) => layer.map((s) => backend.attach(s)));
    this.inputs = new Int32Array(trainRows);
    this.targets = new Int32Array(trainRows);
    this.inputBuffer = backend.indices(trainRows);
    this.targetBuffer = backend.indices(trainRows);
    if (plan.validation.length > 1 && validationShare.size > 0) {
      const { first, size } = validationShare;
      this.validation = new SegmentedEvaluator(
        backend,
        this.network,
        first,
        size,
        T,
        plan.documents?.validation,
      );
    }

    if (plan.mixing) {
      this.mixing = new Mixing(backend, this.network, plan.mixing, index, replicas, heldT);
    }

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
   * Runs a step for each learning rate, until the end, a request to stop, or divergence.
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
   * Σ of the validation losses of this replica's segments, the network's and the mixture's; not numbers when
   * stopped.
   */
  async validate(): Promise<{ nats: number; mixed: number }> {
    const { control, plan, validation, mixing } = this;
    const stopped = () => control.stopRequested;
    this.exchangeAverage();
    await this.fitMixing(stopped);
    const segments = segmentText(plan.validation.length);
    const judge = mixing?.judge();
    const nats = (await validation?.total(plan.validation, segments, stopped, judge)) ?? 0;
    this.exchangeAverage();
    return { nats, mixed: validation?.judged ?? 0 };
  }

  /** Fits the weights of the counts to the network that is validated. */
  async fit(): Promise<void> {
    this.exchangeAverage();
    await this.fitMixing(() => false);
    this.exchangeAverage();
  }

  private async fitMixing(stopped: () => boolean): Promise<void> {
    const { control, mixing, plan } = this;
    if (mixing === undefined) return;
    await mixing.read(stopped);
    control.barrier.wait();
    // what was stopped on any thread is not whole, and is not used
    if (plan.index === 0 && !stopped()) mixing.fit();
    control.barrier.wait();
  }

  /** Weights and their average change places: the average is what is validated. */
  private exchangeAverage(): void {
    if (this.plan.ema === undefined) return;
    const { backend, control } = this;
    control.barrier.wait();
    for (const { weight, gradient, ema } of this.slices) {
      if (ema === undefined) continue;
      // gradients are nobody's between two steps
      backend.copy(gradient, weight);
      backend.copy(weight, ema);
      backend.copy(ema, gradient);
    }
    control.barrier.wait();
  }

  private async step(step: number, rate: number): Promise<RunResult['diverged']> {
    const { backend, control, plan } = this;
    const { config, index } = plan;
    const { T } = this.streams.chunk(step);
    const characters = T * config.batchSize;

    const lossSum = await this.forwardBackward(step, 1 / characters);
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

  /** Gradients of scale · Σ losses of this replica's rows; returns Σ losses in nats. */
  private forwardBackward(step: number, scale: number): Answer<number> {
    const { backend, network, plan, state } = this;
    const { rows, firstRow, config } = plan;
    const { T, startsOver } = this.streams.chunk(step);
    if (startsOver) for (const layer of state) for (const s of layer) backend.fill(s, 0);
    const inputs = this.inputs.subarray(0, T * rows);
    const targets = this.targets.subarray(0, T * rows);
    const resets = this.streams.read(step, firstRow, rows, inputs, targets);
    const inputIds = backend.viewIndices(this.inputBuffer, 0, T * rows);
    const targetIds = backend.viewIndices(this.targetBuffer, 0, T * rows);
    backend.writeIndices(inputIds, inputs);
    backend.writeIndices(targetIds, targets);

    backend.fill(this.gradients.flat, 0);
    const dropout = {
      rate: config.dropout,
      locked: config.dropoutMask === 'locked',
      weightRate: config.weightDrop,
      seed: config.seed,
      step,
      firstRow,
      totalRows: config.batchSize,
    };
    network.forward(inputIds, T, rows, state, dropout, resets);
    const lossSum = backend.sum(network.loss(targetIds, scale));
    network.backward();
    return lossSum;
  }
}

/** Steps of a chunk for reading so many rows in the memory of a training */
function stepsFor(trainRows: number, rows: number): number {
  return Math.max(1, Math.min(validationSteps, Math.floor(trainRows / Math.max(1, rows))));
}

/**
 * A loss beyond this is divergence, not a hard passage: always predicting at random costs ln V, and
 * being sure and wrong on every character of a chunk costs several times that.
 */
function maxLoss(vocabulary: number): number {
  return 5 + 3 * Math.log(vocabulary);
}
