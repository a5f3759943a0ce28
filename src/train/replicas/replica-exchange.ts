/** What the first replica of a process exchanges with the other processes of a training. */
import type { Backend, Tensor } from '../../backend/backend.js';
import { mpiOfAddon } from '../../cluster/mpi.js';
import { Peers, type Pieces } from '../../cluster/peers.js';
import type { Parameter } from '../../model/parameters.js';
import {
  type FlatParameters,
  type ParameterPart,
  sliceParameters,
  updatedParts,
} from '../update/parameter-parts.js';
import type { Processes } from './replica-plan.js';

/**
 * Each process sums the gradients of its share of the parameters and updates them, or whole matrices; then every
 * process gets the new weights of the others. So what passes is what an all-reduce of the gradients takes, and the
 * weights stay the same to the bit, on unequal processors too.
 */
export class ReplicaExchange {
  private readonly peers: Peers;
  /** Of the gradients: the shares whose sums each process computes */
  private readonly shares: Pieces;
  /** The parts that each process updates */
  private readonly weights: Pieces;
  private readonly moments: readonly Pieces[];
  /** The hidden states of each process' rows, on the first process those of all */
  private readonly states: Pieces;

  constructor(
    backend: Backend,
    { rank, size }: Processes,
    parameters: readonly Parameter[],
    private readonly flat: FlatParameters,
    { takesMatrices, states }: { readonly takesMatrices: boolean; readonly states: Pieces },
  ) {
    this.peers = new Peers(mpiOfAddon(), rank, size);
    const replicas = states.length;
    const count = replicas / size;
    const byProcess = (partsOf: (index: number) => readonly ParameterPart[]) =>
      Array.from({ length: size }, (_, process) =>
        Array.from({ length: count }, (_, i) => partsOf(process * count + i)).flat(),
      );
    const pieces = (
      parts: readonly (readonly ParameterPart[])[],
      of: (part: ParameterPart) => Tensor,
    ) => parts.map((list) => list.map(of));
    const shares = byProcess((i) => sliceParameters(backend, parameters, flat, i, replicas));
    const updates = byProcess((i) =>
      updatedParts(backend, parameters, flat, takesMatrices, i, replicas),
    );
    this.shares = pieces(shares, ({ gradient }) => gradient);
    this.weights = pieces(updates, ({ weight }) => weight);
    this.moments = [
      ...flat.moments.map((_, m) => pieces(updates, ({ moments }) => moments[m])),
      ...(flat.ema ? [pieces(updates, ({ ema }) => ema as Tensor)] : []),
    ];
    this.states = Array.from({ length: size }, (_, process) =>
      states.slice(process * count, (process + 1) * count).flat(),
    );
    this.gatherGradients = takesMatrices ? () => this.peers.gather(this.shares) : () => {};
  }

  /** Sums the gradients of all processes, each process its share. */
  sumGradients(): void {
    this.peers.sum(this.shares);
  }

  /** Gives all processes the sums, for an optimiser whose matrices are not cut along the shares. */
  readonly gatherGradients: () => void;

  /** Gives all processes the weights that each of them has updated. */
  gatherWeights(): void {
    this.peers.gather(this.weights);
  }

  /**
   * Gives all processes the moments and averages, which each of them keeps for what it updates, and the first one the
   * hidden states of the whole batch.
   */
  gatherMoments(): void {
    for (const moments of this.moments) this.peers.gather(moments);
    this.peers.bring(this.states);
  }

  /** Copies weights, moments and average of the first process to all others, and to each its rows' hidden states. */
  spread(): void {
    const { weights, moments, ema } = this.flat;
    for (const x of [weights, ...moments, ...(ema ? [ema] : [])]) this.peers.spread(x);
    this.peers.deal(this.states);
  }

  /** Gives all processes the numbers of each. */
  gatherNumbers(values: Float64Array): void {
    this.peers.gatherNumbers(values);
  }

  /** Gives the first process the predictions of all. */
  collect(predictions: Float32Array): void {
    this.peers.collect(predictions);
  }

  /** Gives all processes the weights that the first one has fitted to the predictions, which are used up by that. */
  spreadFitted(predictions: Float32Array, weights: Float64Array): void {
    // others' predictions are added to zeros the next time
    if (this.peers.rank === 0) predictions.fill(0);
    this.peers.spreadNumbers(weights);
  }
}
