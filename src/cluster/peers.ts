/**
 * The other processes of a training run, for the thread that exchanges gradients and weights with them. All processes
 * call the same functions in the same order.
 */

import type { Backend, Tensor } from '../backend/backend.js';
import { float32Elements } from '../backend/cpu.js';
import { type Mpi, tag } from './mpi.js';

/** Pieces of flat lists of parameters, by the rank to which they belong */
export type Pieces = readonly (readonly Tensor[])[];

/**
 * Sums and gathers pieces of tensors that all processes have in the same form. Sums are computed in the order of the
 * ranks, whichever MPI library is used, so that the same number of ranks always gives the same bytes. Pieces are sent
 * from the memory of the tensors, without copies.
 */
export class Peers {
  /** By rank, the terms that are received for a sum; this memory is kept for the next sum */
  private terms: readonly (readonly Tensor[] | undefined)[] = [];

  constructor(
    private readonly mpi: Pick<Mpi, 'exchange'>,
    readonly rank: number,
    readonly size: number,
  ) {}

  /**
   * Replaces this rank's pieces by their sums over all ranks (reduce-scatter). The number and sizes of the pieces must
   * be the same in each call.
   */
  sum(backend: Backend, pieces: Pieces): void {
    const { rank, size } = this;
    const own = pieces[rank];
    if (this.terms.length === 0) {
      this.terms = this.byRank(() => own.map(({ size }) => backend.tensor([size])));
    }
    const { terms } = this;
    this.exchange(pieces, terms);
    own.forEach((piece, i) => {
      const term = (r: number) => (terms[r] as readonly Tensor[])[i];
      for (let r = 1; r < rank; r++) backend.add(term(0), term(r));
      if (rank > 0) backend.add(piece, term(0));
      for (let r = rank + 1; r < size; r++) backend.add(piece, term(r));
    });
  }

  /** Copies every rank's pieces to all others (all-gather). */
  gather(pieces: Pieces): void {
    this.exchange(
      pieces.map(() => pieces[this.rank]),
      pieces,
    );
  }

  /**
   * Sends each rank the pieces that are meant for it, and receives those that are meant for this one (all-to-all).
   * @param sent pieces by the rank that receives them
   * @param received places by the rank from which their contents come
   */
  pass(sent: Pieces, received: Pieces): void {
    this.exchange(sent, received);
  }

  /** Passes pieces, each of which has the same size on both sides. */
  private exchange(
    sent: readonly (readonly Tensor[] | undefined)[],
    received: readonly (readonly Tensor[] | undefined)[],
  ): void {
    const memoryOf = (pieces: readonly (readonly Tensor[] | undefined)[]) =>
      this.byRank((r) => pieces[r]?.map(float32Elements));
    this.mpi.exchange(tag.exchange, memoryOf(sent), memoryOf(received));
  }

  /** A list by rank without an entry for this rank */
  private byRank<T>(of: (rank: number) => T): (T | undefined)[] {
    return Array.from({ length: this.size }, (_, r) => (r === this.rank ? undefined : of(r)));
  }

  /** Copies a tensor of rank 0 to all others (broadcast). */
  spread(x: Tensor): void {
    const values = float32Elements(x);
    this.exchangeWithFirst(values, values);
  }

  /** Sends each rank its pieces from rank 0, which has the pieces of all (scatter). */
  deal(pieces: Pieces): void {
    const { rank } = this;
    const nothing = pieces.map(() => []);
    if (rank === 0) this.pass(pieces, nothing);
    else this.pass(nothing, [pieces[rank], ...nothing.slice(1)]);
  }

  /** Collects the pieces of all ranks on rank 0, which has room for them (gather). */
  bring(pieces: Pieces): void {
    const { rank } = this;
    const nothing = pieces.map(() => []);
    if (rank === 0) this.pass(nothing, pieces);
    else this.pass([pieces[rank], ...nothing.slice(1)], nothing);
  }

  /**
   * Gathers numbers from all ranks, in a list with a block of equal length for each rank, in the order of the ranks.
   * @param values the list, in which this rank has set its own block
   */
  gatherNumbers(values: Float64Array): void {
    const length = values.length / this.size;
    const of = (r: number) => values.subarray(r * length, (r + 1) * length);
    const others = this.byRank(of);
    this.mpi.exchange(
      tag.exchange,
      others.map((place) => place && of(this.rank)),
      others,
    );
  }

  /** Brings a list of each rank to rank 0. @returns all lists, by rank; on other ranks nothing */
  bringLists(own: Uint32Array): Uint32Array[] {
    const { rank, size, mpi } = this;
    const lengths = new Float64Array(size);
    lengths[rank] = own.length;
    this.gatherNumbers(lengths);
    if (rank > 0) {
      mpi.exchange(tag.exchange, [own], []);
      return [];
    }
    const lists = Array.from(lengths, (length, r) => (r === 0 ? own : new Uint32Array(length)));
    mpi.exchange(
      tag.exchange,
      [],
      this.byRank((r) => lists[r]),
    );
    return lists;
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
