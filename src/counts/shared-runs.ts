/**
 * The n-grams of a text that several processes hold in shares: each lists those of its share, and the first process
 * merges the lists, range by range of the characters before them. So it sees the same n-grams in the same order as if
 * it had the whole text, and makes the same table, also if rare n-grams are left out of it.
 */
import type { RunListener } from './ngram-layout.js';
import { batchPositions, type RunLister, rangesOf } from './ngram-runs.js';

/** How the counting threads of the processes exchange numbers; all processes make the same calls in the same order. */
export interface CountingProcesses {
  readonly rank: number;
  readonly size: number;
  /** Copies numbers of the first process to all others. */
  spreadNumbers(values: Float64Array): void;
  /** Brings a list of each process to the first one. @returns all lists, by rank; an empty list in other processes */
  bringLists(own: Uint32Array): readonly Uint32Array[];
}

/** The error by which counting ends if it is no longer wanted */
export class CountingStopped extends Error {}

/** In the first process: all n-grams of the text */
export class SharedRuns {
  private readonly counts: readonly Uint32Array[];
  /** Whether the other processes list a range that has not been brought here yet */
  private isAsked = false;

  /**
   * @param lister lists the n-grams of this process's share
   * @param isStopped asked between two ranges
   */
  constructor(
    private readonly lister: RunLister,
    private readonly processes: CountingProcesses,
    private readonly isStopped: () => boolean = () => false,
    private readonly capacity = batchPositions,
  ) {
    this.counts = processes.bringLists(lister.counts);
  }

  /**
   * Lists the n-grams in ascending order.
   * @throws CountingStopped
   */
  list(listener: RunListener): void {
    const ranges = [...this.ranges()];
    if (ranges.length > 0) this.ask(...ranges[0]);
    ranges.forEach(([from, to], i) => {
      const lists = this.bring(runsOf(this.lister, from, to));
      if (this.isStopped()) throw new CountingStopped();
      // the other processes list the next range while this one merges
      if (i + 1 < ranges.length) this.ask(...ranges[i + 1]);
      mergeRuns(lists, listener);
    });
  }

  /** Ends the work of the other processes, even if an error has interrupted a range. */
  end(): void {
    if (this.isAsked) this.bring(new Uint32Array(0));
    this.ask(0, 0);
  }

  private ask(from: number, to: number): void {
    this.processes.spreadNumbers(Float64Array.of(from, to));
    this.isAsked = to > 0;
  }

  private bring(own: Uint32Array): readonly Uint32Array[] {
    const lists = this.processes.bringLists(own);
    this.isAsked = false;
    return lists;
  }

  /**
   * Ranges of contexts. The positions of a range fit into one batch in each process, and those of all processes
   * together into two.
   */
  private *ranges(): Generator<[from: number, to: number]> {
    const { counts, capacity } = this;
    const sums = new Float64Array(counts[0].length);
    for (const list of counts)
      for (let cell = 0; cell < sums.length; cell++) sums[cell] += list[cell];
    const inRange = new Float64Array(counts.length);
    let [begun, end] = [-1, 0];
    const fits = (count: number, from: number, to: number) => {
      if (from !== begun) {
        inRange.fill(0);
        [begun, end] = [from, from];
      }
      for (; end < to; end++) {
        for (let rank = 0; rank < counts.length; rank++) inRange[rank] += counts[rank][end];
      }
      return count <= 2 * capacity && inRange.every((own) => own <= capacity);
    };
    yield* rangesOf(sums, fits);
  }
}

/** In the other processes: lists the n-grams of this process's share, until the first process ends this. */
export function serveRuns(lister: RunLister, processes: CountingProcesses): void {
  processes.bringLists(lister.counts);
  const range = new Float64Array(2);
  for (;;) {
    processes.spreadNumbers(range);
    const [from, to] = range;
    if (to === 0) return;
    processes.bringLists(runsOf(lister, from, to));
  }
}

/** Estimated max bytes that a process takes to list the n-grams of its share: what is sorted, and a list that grows */
export function listingBytes(characters: number): number {
  return (16 + 3 * 4 * fields) * Math.min(characters, batchPositions);
}

/** Estimated max bytes of the lists of all processes that the first one has at the same time */
export function listsBytes(characters: number): number {
  return 4 * fields * Math.min(characters, 2 * batchPositions);
}

/** Number of elements that describe an n-gram in a list: the arguments with which a `RunListener` is called */
const fields = 4;

function runsOf(lister: RunLister, from: number, to: number): Uint32Array {
  let runs = new Uint32Array(fields << 12);
  let end = 0;
  lister.list(from, to, (latest, high, low, count) => {
    if (end === runs.length) {
      const larger = new Uint32Array(2 * runs.length);
      larger.set(runs);
      runs = larger;
    }
    runs[end] = latest;
    runs[end + 1] = high;
    runs[end + 2] = low;
    runs[end + 3] = count;
    end += fields;
  });
  return runs.subarray(0, end);
}

/** Merges ascending lists; the numbers of occurrences of an n-gram that several of them contain are added. */
function mergeRuns(lists: readonly Uint32Array[], listener: RunListener): void {
  const places = lists.map(() => 0);
  const compare = (a: number, b: number) => {
    const [x, y] = [lists[a], lists[b]];
    for (let i = 0; i < fields - 1; i++) {
      const difference = x[places[a] + i] - y[places[b] + i];
      if (difference !== 0) return difference;
    }
    return 0;
  };
  for (;;) {
    let least = -1;
    for (let rank = 0; rank < lists.length; rank++) {
      if (places[rank] === lists[rank].length) continue;
      if (least < 0 || compare(rank, least) < 0) least = rank;
    }
    if (least < 0) return;
    const [list, at] = [lists[least], places[least]];
    let count = 0;
    for (let rank = least; rank < lists.length; rank++) {
      if (places[rank] === lists[rank].length || (rank !== least && compare(rank, least) !== 0)) {
        continue;
      }
      count += lists[rank][places[rank] + 3];
      if (rank !== least) places[rank] += fields;
    }
    places[least] += fields;
    listener(list[at], list[at + 1], list[at + 2], count);
  }
}
