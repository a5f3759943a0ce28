/**
 * The other processes of a training run, for the thread that exchanges gradients and weights with them. All processes
 * call the same functions in the same order.
 */

import type { Tensor } from '../backend/backend.js';
import { float32Elements } from '../backend/cpu.js';
import { type Mpi, tag } from './mpi.js';

/** Pieces of flat lists of parameters, by the rank to which they belong */
export type Pieces = readonly (readonly Tensor[])[];

/**
 * Sums and gathers pieces of tensors that all processes have in the same form. Sums are computed in the order of the
 * ranks, whichever MPI library is used, so that the same number of ranks always gives the same bytes.
 */
export class Peers {
  constructor(
    private readonly mpi: Pick<Mpi, 'exchange'>,
    readonly rank: number,
    readonly size: number,
  ) {}

  /** Replaces this rank's pieces by their sums over all ranks (reduce-scatter). */
  sum(pieces: Pieces): void {
    const own = pieces[this.rank];
    const length = lengthOf(own);
    const sent = pieces.map((list, r) => (r === this.rank ? undefined : packed(list)));
    const received = pieces.map((_, r) => (r === this.rank ? undefined : new Float32Array(length)));
    this.mpi.exchange(tag.exchange, sent, received);
    const sum = received[0] ?? packed(own);
    for (let r = 1; r < this.size; r++) {
      const next = received[r] ?? packed(own);
      for (let i = 0; i < length; i++) sum[i] += next[i];
    }
    unpack(sum, own);
  }

  /** Copies every rank's pieces to all others (all-gather). */
  gather(pieces: Pieces): void {
    const own = packed(pieces[this.rank]);
    const received = pieces.map((list, r) =>
      r === this.rank ? undefined : new Float32Array(lengthOf(list)),
    );
    this.mpi.exchange(
      tag.exchange,
      received.map((values) => values && own),
      received,
    );
    received.forEach((values, r) => {
      if (values) unpack(values, pieces[r]);
    });
  }

  /** Copies a tensor of rank 0 to all others (broadcast). */
  spread(x: Tensor): void {
    const values = float32Elements(x);
    this.exchangeWithFirst(values, values);
  }

  /** Sends each rank its pieces from rank 0, which has the pieces of all (scatter). */
  deal(pieces: Pieces): void {
    const others = this.others((r) => packed(pieces[r]));
    if (this.rank === 0) this.mpi.exchange(tag.exchange, others, []);
    else {
      const values = new Float32Array(lengthOf(pieces[this.rank]));
      this.mpi.exchange(tag.exchange, [], [values]);
      unpack(values, pieces[this.rank]);
    }
  }

  /** Collects the pieces of all ranks on rank 0, which has room for them (gather). */
  bring(pieces: Pieces): void {
    if (this.rank > 0) this.mpi.exchange(tag.exchange, [packed(pieces[this.rank])], []);
    else {
      const received = this.others((r) => new Float32Array(lengthOf(pieces[r])));
      this.mpi.exchange(tag.exchange, [], received);
      received.forEach((values, r) => {
        if (values) unpack(values, pieces[r]);
      });
    }
  }

  /** A list by rank without an entry for this rank; used only on rank 0 */
  private others<T>(of: (rank: number) => T): (T | undefined)[] {
    const { size, rank } = this;
    return Array.from({ length: rank === 0 ? size : 0 }, (_, r) => (r === 0 ? undefined : of(r)));
  }

  /**
   * Gathers numbers from all ranks, in a list with a block of equal length for each rank, in the order of the ranks.
   * @param values the list, in which this rank has set its own block
   */
  gatherNumbers(values: Float64Array): void {
    const length = values.length / this.size;
    const of = (r: number) => values.subarray(r * length, (r + 1) * length);
    const others = Array.from({ length: this.size }, (_, r) =>
      r === this.rank ? undefined : of(r),
    );
    this.mpi.exchange(
      tag.exchange,
      others.map((place) => place && of(this.rank)),
      others,
    );
  }

  /** Adds the values of all ranks on rank 0; each value is 0 on all ranks but one. */
  collect(values: Float32Array): void {
    if (this.rank > 0) {
      this.exchangeWithFirst(values, values.subarray(0, 0), true);
      return;
    }
    for (let r = 1; r < this.size; r++) {
      const theirs = new Float32Array(values.length);
      const received = Array.from({ length: this.size }, (_, q) => (q === r ? theirs : undefined));
      this.mpi.exchange(tag.exchange, [], received);
      for (let i = 0; i < values.length; i++) values[i] += theirs[i];
    }
  }

  /** Copies numbers of rank 0 to all others. */
  spreadNumbers(values: Float64Array): void {
    this.exchangeWithFirst(values, values);
  }

  /** Passes lists from rank 0 to all others, or from all others to rank 0. */
  private exchangeWithFirst(
    sent: ArrayBufferView,
    received: ArrayBufferView,
    isToFirst = false,
  ): void {
    const { rank, size, mpi } = this;
    if (rank > 0) {
      mpi.exchange(tag.exchange, isToFirst ? [sent] : [], isToFirst ? [] : [received]);
    } else {
      const others = Array.from({ length: size }, (_, r) => (r === 0 ? undefined : sent));
      mpi.exchange(tag.exchange, others, []);
    }
  }
}

function lengthOf(pieces: readonly Tensor[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}

/** The elements of all pieces in one list */
function packed(pieces: readonly Tensor[]): Float32Array {
  const values = new Float32Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    values.set(float32Elements(piece), at);
    at += piece.size;
  }
  return values;
}

function unpack(values: Float32Array, pieces: readonly Tensor[]): void {
  let at = 0;
  for (const piece of pieces) {
    float32Elements(piece).set(values.subarray(at, at + piece.size));
    at += piece.size;
  }
}
