/** A small training run in which every gradient can be inspected: plain gradient descent, on one thread. */
import type { Backend, Indices } from '../backend/backend.js';
import type { ModelConfig } from '../model/model-config.js';
import { Network, type State } from '../model/network.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import type { Ids } from '../text/unit.js';

export interface Chunks {
  /** T: number of steps in a chunk, at whose edge the gradient ends while the state continues */
  readonly seqLength: number;
  /** B: number of streams that are read in parallel */
  readonly batchSize: number;
}

export class SmallTraining {
  readonly weights: Float32Array;
  private readonly network: Network;
  private readonly flat;
  private readonly gradients;
  private readonly inputs: Indices;
  private readonly targets: Indices;
  private state: State;
  /** The position of the next chunk within each stream */
  private at = 0;

  constructor(
    private readonly backend: Backend,
    config: ModelConfig,
    weights: ArrayLike<number>,
    private readonly ids: Ids,
    private readonly chunks: Chunks,
  ) {
    const { seqLength: T, batchSize: B } = chunks;
    const table = parameterTable(config);
    this.weights = Float32Array.from(weights);
    this.flat = backend.tensor([table.flatSize]);
    this.gradients = backend.tensor([table.flatSize]);
    this.network = new Network(
      backend,
      config,
      new ParameterTensors(backend, table, this.flat),
      new ParameterTensors(backend, table, this.gradients),
      { maxRows: T * B, maxBatch: B, training: true, dropout: false, weightDrop: false },
    );
    this.inputs = backend.indices(T * B);
    this.targets = backend.indices(T * B);
    this.state = this.network.createState(B);
  }

  /** Number of characters in a stream */
  private get streamLength(): number {
    return Math.floor((this.ids.length - 1) / this.chunks.batchSize);
  }

  /**
   * Computes the loss of the next chunk, in nats per character, and its gradient. After the last chunk it continues
   * with the first, with a zero state.
   * @param T number of steps, for a shorter chunk
   */
  async gradient(T = this.chunks.seqLength): Promise<{ loss: number; gradient: Float32Array }> {
    const { backend, network, chunks } = this;
    const { batchSize: B } = chunks;
    if (this.at + T > this.streamLength) {
      this.at = 0;
      for (const layer of this.state) for (const part of layer) backend.fill(part, 0);
    }
    const [inputs, targets] = [0, 1].map((ahead) =>
      Int32Array.from({ length: T * B }, (_, i) => {
        const [t, row] = [Math.floor(i / B), i % B];
        return this.ids[row * this.streamLength + this.at + t + ahead];
      }),
    );
    this.at += T;
    const inputIds = backend.viewIndices(this.inputs, 0, T * B);
    const targetIds = backend.viewIndices(this.targets, 0, T * B);
    backend.writeIndices(inputIds, inputs);
    backend.writeIndices(targetIds, targets);
    backend.write(this.flat, this.weights);
    backend.fill(this.gradients, 0);
    network.forward(inputIds, T, B, this.state);
    const losses = Float64Array.from(await backend.read(network.loss(targetIds, 1 / (T * B))));
    network.backward();
    const gradient = Float32Array.from(await backend.read(this.gradients));
    return { loss: losses.reduce((sum, x) => sum + x, 0) / losses.length, gradient };
  }

  /** Moves the weights against a gradient. */
  descend(gradient: ArrayLike<number>, learningRate: number): void {
    for (let i = 0; i < this.weights.length; i++) this.weights[i] -= learningRate * gradient[i];
  }
}

/** Euclidean norm */
export function normOf(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return Math.sqrt(squares);
}

/** Cosine of the angle between two lists of numbers; 0 if one of them is zero */
export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  for (let i = 0; i < a.length; i++) product += a[i] * b[i];
  const lengths = normOf(a) * normOf(b);
  return lengths > 0 ? product / lengths : 0;
}
