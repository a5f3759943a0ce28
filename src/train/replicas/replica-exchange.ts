/** The data that the first replica of a process exchanges with the other processes of a training run. */
import type { Backend, Tensor } from '../../backend/backend.js';
import { mpiOfAddon } from '../../cluster/mpi.js';
import { Peers, type Pieces } from '../../cluster/peers.js';
import type { Parameter } from '../../model/parameters.js';
import {
  commonGradients,
  type FlatParameters,
  type ParameterPart,
  sliceParameters,
  updatedParts,
} from '../update/parameter-parts.js';
import type { Processes } from './replica-plan.js';

/**
 * Each process computes the sums of the gradients of its share of the parameters and updates these parameters, or whole
 * matrices. Then every process receives the new weights from the others. So hardly more data is sent than for an
 * all-reduce of the gradients, and the weights stay the same to the bit, even if the processors differ.
 */
export class ReplicaExchange {
  private readonly peers: Peers;
  /** The shares of the parameters for which each process sums the gradients */
  private readonly shares: Pieces;
  /** The parts of the parameters that each process updates */
  private readonly weights: Pieces;
  private readonly moments: readonly Pieces[];
  /** The hidden states of each process's rows; the first process has those of all processes */
  private readonly states: Pieces;

  constructor(
    private readonly backend: Backend,
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
    const pieces = (parts: readonly (readonly ParameterPart[])[], of: Tensor) =>
      parts.map((list) => joined(backend, of, list));
    const shares = byProcess((i) => sliceParameters(backend, parameters, flat, i, replicas));
    const updates = byProcess((i) =>
      updatedParts(backend, parameters, flat, takesMatrices, i, replicas),
    );
    this.shares = pieces(shares, flat.gradients);
    this.weights = pieces(updates, flat.weights);
    this.moments = [...flat.moments, ...(flat.ema ? [flat.ema] : [])].map((list) =>
      pieces(updates, list),
    );
    this.states = Array.from({ length: size }, (_, process) =>
      states.slice(process * count, (process + 1) * count).flat(),
    );
    if (takesMatrices) {
      const common = (a: readonly ParameterPart[], b: readonly ParameterPart[]) =>
        commonGradients(backend, flat.gradients, a, b);
      const sent = updates.map((theirs) => common(shares[rank], theirs));
      // the sender and the receiver of gradients list the pieces in the same order
      const received = shares.map((theirs) => common(theirs, updates[rank]));
      this.passGradients = () => this.peers.pass(sent, received);
    }
  }

  /** Sums the gradients of all processes; each process computes the sums for its share. */
  sumGradients(): void {
    this.peers.sum(this.backend, this.shares);
  }

  /**
   * Sends the sums of gradients to the processes that update the parameters. This is needed only if an optimiser
   * updates whole matrices, because the shares in which gradients are summed divide matrices.
   */
  readonly passGradients: () => void = () => {};

  /** Sends the weights that each process has updated to all others. */
  gatherWeights(): void {
    this.peers.gather(this.weights);
  }

  /**
   * Sends the moments and averages that each process has updated to all others, and the hidden states of the whole
   * batch to the first process.
   */
  gatherMoments(): void {
    for (const moments of this.moments) this.peers.gather(moments);
    this.peers.bring(this.states);
  }

  /**
   * Copies weights, moments and average of the first process to all others, and to each of them the hidden states of
   * its rows.
   */
  spread(): void {
    const { weights, moments, ema } = this.flat;
    for (const x of [weights, ...moments, ...(ema ? [ema] : [])]) this.peers.spread(x);
    this.peers.deal(this.states);
  }

  /** Completes a list of numbers, in which each process has set its own part, with the parts of all other processes. */
  gatherNumbers(values: Float64Array): void {
    this.peers.gatherNumbers(values);
  }

  /**
   * Collects on the first process the network's predictions of the held-out text, which the processes made in parts.
   */
  collect(predictions: Float32Array): void {
    this.peers.collect(predictions);
  }

  /**
   * Sends the mixing weights that the first process has fitted to all others. The predictions to which they were fitted
   * are cleared.
   */
  spreadFitted(predictions: Float32Array, weights: Float64Array): void {
    // the first process will add the predictions of the others to this list again, so it clears the list
    if (this.peers.rank === 0) predictions.fill(0);
    this.peers.spreadNumbers(weights);
  }
}

/** Views of those pieces of a flat list that contain the given parameters; neighbours without a gap share a piece. */
function joined(backend: Backend, list: Tensor, parts: readonly ParameterPart[]): Tensor[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { start, weight } of parts) {
    const last = ranges.at(-1);
    if (last?.end === start) last.end += weight.size;
    else ranges.push({ start, end: start + weight.size });
  }
  return ranges.map(({ start, end }) => backend.view(list, start, [end - start]));
}
