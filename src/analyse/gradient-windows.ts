/**
 * Reads windows of a text, each up to a single prediction, and computes the gradient of its loss through the whole
 * window, without truncation. A window begins with the state that the text before it leaves.
 */
import { type Backend, type Indices, isPending } from '../backend/backend.js';
import type { ModelConfig } from '../model/model-config.js';
import { Network } from '../model/network.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import type { Ids } from '../text/unit.js';

/** Number of characters read before a window, so that its state has forgotten the zeros it began with. */
export const warmup = 256;
/** Number of windows in a batch */
export const batchRows = 16;
/**
 * The loss is multiplied by this power of two and the norms are divided by it, which is exact and allows float32 to
 * represent gradients down to 1e-50.
 */
const lossScale = 2 ** 40;

export type TakeNorm = (
  layer: number,
  lag: number,
  state: number,
  row: number,
  norm: number,
) => void;

/** A network with memory for B windows of K steps, each of which ends with a prediction whose loss alone counts. */
export class GradientWindows {
  private readonly network: Network;
  private readonly inputs: Int32Array;
  private readonly memory: Indices;
  private readonly targets: Indices;

  constructor(
    private readonly backend: Backend,
    config: ModelConfig,
    weights: ArrayLike<number>,
    /** K: number of steps in a window */
    private readonly lags: number,
    B: number,
  ) {
    const table = parameterTable(config);
    const flat = backend.tensor([table.flatSize]);
    backend.write(flat, weights);
    this.network = new Network(
      backend,
      config,
      new ParameterTensors(backend, table, flat),
      new ParameterTensors(backend, table, backend.tensor([table.flatSize])),
      { maxRows: lags * B, maxBatch: B, training: true, dropout: false, weightDrop: false },
    );
    this.network.freeze();
    this.inputs = new Int32Array(lags * B);
    this.memory = backend.indices(lags * B);
    this.targets = backend.indices(lags * B);
  }

  async measure(ids: Ids, positions: readonly number[], take: TakeNorm): Promise<void> {
    const { backend, network, lags } = this;
    const B = positions.length;
    const state = network.createState(B);
    const start = Math.min(...positions) - lags + 1;
    for (let before = Math.min(warmup, start); before > 0; ) {
      const T = Math.min(lags, before);
      network.forward(this.read(ids, positions, lags + before, T), T, B, state);
      before -= T;
    }
    const logits = network.forward(this.read(ids, positions, lags, lags), lags, B, state);
    network.loss(this.lastTargets(ids, positions), lossScale);
    const V = logits.shape[1];
    if (lags > 1) backend.fill(backend.view(logits, 0, [(lags - 1) * B, V]), 0);
    const pending: Promise<void>[] = [];
    network.backward((layer, t, dState) => {
      dState.forEach((d, s) => {
        const takeRows = (values: Float32Array | Float64Array) => {
          const H = values.length / B;
          for (let row = 0; row < B; row++) {
            const norm = euclidean(values.subarray(row * H, (row + 1) * H));
            take(layer, lags - t, s, row, norm / lossScale);
          }
        };
        // the backward pass need not wait for the answer, because the device keeps the order of reads and operations
        const answer = backend.read(d);
        if (isPending(answer)) pending.push(answer.then(takeRows));
        else takeRows(answer);
      });
    });
    await Promise.all(pending);
  }

  /**
   * Reads how strongly the input of each step influences the loss: the norm of the gradient w.r.t. the first layer's
   * input projection. `measure` must have been called before.
   * @param take receives the lag, from 1 for the last character before the one predicted
   */
  async inputNorms(
    rows: number,
    take: (lag: number, row: number, norm: number) => void,
  ): Promise<void> {
    const { lags } = this;
    const [{ inputProjection }] = this.network.activations;
    const values = await this.backend.read(inputProjection);
    const width = values.length / (lags * rows);
    for (let t = 0; t < lags; t++) {
      for (let row = 0; row < rows; row++) {
        const from = (t * rows + row) * width;
        take(lags - t, row, euclidean(values.subarray(from, from + width)) / lossScale);
      }
    }
  }

  /** Writes T characters of each row to the device; the first is `before - 1` characters before the row's position. */
  private read(ids: Ids, positions: readonly number[], before: number, T: number): Indices {
    const B = positions.length;
    positions.forEach((position, row) => {
      for (let t = 0; t < T; t++) this.inputs[t * B + row] = ids[position - before + 1 + t];
    });
    const view = this.backend.viewIndices(this.memory, 0, T * B);
    this.backend.writeIndices(view, this.inputs.subarray(0, T * B));
    return view;
  }

  /** Writes the targets to the device. Only the last step's loss counts, so the other steps may have any targets. */
  private lastTargets(ids: Ids, positions: readonly number[]): Indices {
    const B = positions.length;
    const rows = this.lags * B;
    this.inputs.fill(0, 0, rows);
    positions.forEach((position, row) => {
      this.inputs[rows - B + row] = ids[position + 1];
    });
    const view = this.backend.viewIndices(this.targets, 0, rows);
    this.backend.writeIndices(view, this.inputs.subarray(0, rows));
    return view;
  }
}

function euclidean(values: Float32Array | Float64Array): number {
  let squares = 0;
  for (const x of values) squares += x * x;
  return Math.sqrt(squares);
}
