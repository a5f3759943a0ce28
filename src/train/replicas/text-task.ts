/**
 * A replica's share of training on a text: streams that are read in parallel, whose states are carried from chunk to
 * chunk.
 */
import type { Answer, Backend, Indices } from '../../backend/backend.js';
import { LabelFeed } from '../../model/label-feed.js';
import { Network, type State } from '../../model/network.js';
import type { ParameterTensors } from '../../model/parameters.js';
import { SegmentedEvaluator, segmentText } from '../../model/segmented-evaluator.js';
import { Streams } from '../../text/streams.js';
import { heldRows, Mixing } from './mixing.js';
import { partition, type ReplicaPlan } from './replica-plan.js';
import type { ReplicaTask } from './task.js';

/** Number of steps in a validation chunk, if the memory of training suffices */
const validationSteps = 64;

export class TextTask implements ReplicaTask {
  private readonly network: Network;
  private readonly streams: Streams;
  private readonly state: State;
  private readonly inputs: Int32Array;
  private readonly targetIds: Int32Array;
  private readonly inputBuffer: Indices;
  private readonly targetBuffer: Indices;
  private readonly labels: LabelFeed;
  private readonly validation: SegmentedEvaluator | undefined;
  readonly mixing: Mixing | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly plan: ReplicaPlan,
    weights: ParameterTensors,
    gradients: ParameterTensors,
  ) {
    const { model, config, rows, index, replicas } = plan;
    const { seqLength, batchSize, dropout, weightDrop } = config;
    const segments = segmentText(plan.validation.length);
    const validationShare = partition(segments.count, index, replicas);
    const trainRows = rows * seqLength;
    const T = stepsFor(trainRows, validationShare.size);
    const held = plan.mixing ? heldRows(plan.mixing, index, replicas) : 0;
    const heldT = stepsFor(trainRows, held);
    this.network = new Network(backend, model, weights, gradients, {
      maxRows: Math.max(trainRows, T * validationShare.size, heldT * held),
      maxBatch: Math.max(rows, validationShare.size, held),
      training: true,
      dropout: dropout > 0,
      weightDrop: weightDrop > 0,
      documents: plan.documents !== undefined,
    });
    const { train, documents, part } = plan;
    this.streams = new Streams(train, batchSize, seqLength, documents?.train, part);
    this.state = plan.state.map((layer) => layer.map((s) => backend.attach(s)));
    this.inputs = new Int32Array(trainRows);
    this.targetIds = new Int32Array(trainRows);
    this.inputBuffer = backend.indices(trainRows);
    this.targetBuffer = backend.indices(trainRows);
    this.labels = new LabelFeed(backend, trainRows);
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
      this.mixing = new Mixing(backend, this.network, plan, plan.mixing, heldT);
    }
  }

  targets(step: number): number {
    return this.streams.chunk(step).T * this.plan.config.batchSize;
  }

  async validate(stopped: () => boolean): Promise<{ nats: number; mixed: number }> {
    const { plan, validation, mixing } = this;
    const segments = segmentText(plan.validation.length);
    const judge = mixing?.judge();
    const nats = (await validation?.total(plan.validation, segments, stopped, judge)) ?? 0;
    return { nats, mixed: validation?.judged ?? 0 };
  }

  forwardBackward(step: number, scale: number): Answer<number> {
    const { backend, network, plan, state } = this;
    const { rows, firstRow, config } = plan;
    const { T, startsOver } = this.streams.chunk(step);
    if (startsOver) for (const layer of state) for (const s of layer) backend.fill(s, 0);
    const inputs = this.inputs.subarray(0, T * rows);
    const targets = this.targetIds.subarray(0, T * rows);
    const marks = this.streams.read(step, firstRow, rows, inputs, targets);
    const labels = this.labels.write(marks?.labels, T * rows);
    const inputIds = backend.viewIndices(this.inputBuffer, 0, T * rows);
    const targetIds = backend.viewIndices(this.targetBuffer, 0, T * rows);
    backend.writeIndices(inputIds, inputs);
    backend.writeIndices(targetIds, targets);
    const dropout = {
      rate: config.dropout,
      locked: config.dropoutMask === 'locked',
      weightRate: config.weightDrop,
      seed: config.seed,
      step,
      firstRow,
      totalRows: config.batchSize,
    };
    network.forward(inputIds, T, rows, state, dropout, marks?.resets, labels);
    const lossSum = backend.sum(network.loss(targetIds, scale));
    network.backward();
    return lossSum;
  }
}

/** Number of steps of a validation chunk of `rows` rows: as many as fit in the memory that training needs anyway */
function stepsFor(trainRows: number, rows: number): number {
  return Math.max(1, Math.min(validationSteps, Math.floor(trainRows / Math.max(1, rows))));
}
