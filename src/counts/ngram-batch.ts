/** Positions of a text, grouped by the characters before them, and their n-grams, sorted batch by batch. */
import type { Ids } from '../text/unit.js';
import { groupBits, type NgramLayout, type RunListener } from './ngram-layout.js';

/** Which of the two 32-bit words of a 64-bit number is its lower half, and which its upper half */
const [lowHalf, highHalf] = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** Positions of the text, grouped into cells by the first bits of their contexts */
export class Cells {
  readonly counts: Uint32Array;
  private readonly shift: number;

  constructor(
    private readonly ids: Ids,
    private readonly bits: number,
    private readonly first: number,
  ) {
    const size = Math.max(groupBits, bits);
    this.shift = size - bits;
    this.counts = new Uint32Array(2 ** size);
    const { counts } = this;
    let cell = 0;
    for (let i = 0; i < ids.length; i++) {
      if (i >= first) counts[cell]++;
      cell = (cell >>> bits) | ((ids[i] + 1) << this.shift);
    }
  }

  /** The latest character (its id plus 1), which all contexts in a cell have in common */
  latest(cell: number): number {
    return cell >>> this.shift;
  }

  /**
   * Collects the next positions that belong to the cells `from` to `to` - 1, with the cell of each.
   * @param at position to continue from
   * @returns how many were collected: as many as the list holds, or fewer at the end of the text
   */
  gather(
    from: number,
    to: number,
    at: { position: number; cell: number },
    into: Uint32Array,
  ): number {
    const { ids, bits, shift, first } = this;
    let { position, cell } = at;
    let count = 0;
    for (; position < ids.length && count < into.length; position++) {
      if (cell >= from && cell < to && position >= first) into[count++] = position;
      cell = (cell >>> bits) | ((ids[position] + 1) << shift);
    }
    at.position = position;
    at.cell = cell;
    return count;
  }
}

export class Batch {
  private readonly positions: Uint32Array;
  private readonly grouped: Uint32Array;
  private readonly keys: BigUint64Array;
  private readonly halves: Uint32Array;

  constructor(
    private readonly ids: Ids,
    private readonly vocabulary: number,
    private readonly layout: NgramLayout,
    capacity: number,
  ) {
    this.positions = new Uint32Array(capacity);
    this.grouped = new Uint32Array(capacity);
    this.keys = new BigUint64Array(capacity);
    this.halves = new Uint32Array(this.keys.buffer);
  }

  /** Lists the n-grams of several cells, which have `count` positions in all and fit into one batch. */
  range(cells: Cells, from: number, to: number, count: number, listener: RunListener): void {
    const { ids, positions, grouped, vocabulary } = this;
    cells.gather(from, to, { position: 0, cell: 0 }, positions.subarray(0, count));
    const starts = new Uint32Array(vocabulary + 2);
    const latestOf = (position: number) => (position > 0 ? ids[position - 1] + 1 : 0);
    for (let i = 0; i < count; i++) starts[latestOf(positions[i]) + 1]++;
    for (let s = 1; s < starts.length; s++) starts[s] += starts[s - 1];
    for (let i = 0; i < count; i++) grouped[starts[latestOf(positions[i])]++] = positions[i];
    for (let i = 0; i < count; ) {
      const latest = latestOf(grouped[i]);
      const end = starts[latest];
      this.sort(grouped.subarray(i, end));
      this.tell(latest, end - i, listener);
      i = end;
    }
  }

  /** Lists the n-grams of a cell that is larger than a batch, by sorting its parts one by one and merging them. */
  cell(cells: Cells, cell: number, listener: RunListener): void {
    const at = { position: 0, cell: 0 };
    let merged = new Runs(0);
    for (;;) {
      const count = cells.gather(cell, cell + 1, at, this.positions);
      if (count === 0) break;
      this.sort(this.positions.subarray(0, count));
      const part = new Runs(count);
      this.tell(0, count, (_, high, low, times) => part.push(high, low, times));
      merged = mergeRuns(merged, part);
    }
    const latest = cells.latest(cell);
    for (let i = 0; i < merged.size; i++) {
      listener(latest, merged.highs[i], merged.lows[i], merged.counts[i]);
    }
  }

  private sort(positions: Uint32Array): void {
    const { ids, halves } = this;
    const { bits, context } = this.layout;
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i];
      let high = 0;
      let low = 0;
      for (let back = 2; back <= context; back++) {
        high = (high << bits) | (low >>> (32 - bits));
        low <<= bits;
        if (back <= position) low |= ids[position - back] + 1;
      }
      high = (high << bits) | (low >>> (32 - bits));
      low = (low << bits) | ids[position];
      halves[2 * i + lowHalf] = low;
      halves[2 * i + highHalf] = high;
    }
    this.keys.subarray(0, positions.length).sort();
  }

  private tell(latest: number, length: number, listener: RunListener): void {
    const { halves } = this;
    for (let i = 0; i < length; ) {
      const low = halves[2 * i + lowHalf];
      const high = halves[2 * i + highHalf];
      let end = i + 1;
      while (
        end < length &&
        halves[2 * end + lowHalf] === low &&
        halves[2 * end + highHalf] === high
      )
        end++;
      listener(latest, high, low, end - i);
      i = end;
    }
  }
}

class Runs {
  size = 0;
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
  readonly counts: Uint32Array;

  constructor(capacity: number) {
    this.highs = new Uint32Array(capacity);
    this.lows = new Uint32Array(capacity);
    this.counts = new Uint32Array(capacity);
  }

  push(high: number, low: number, count: number): void {
    const { size } = this;
    this.highs[size] = high;
    this.lows[size] = low;
    this.counts[size] = count;
    this.size++;
  }
}

function mergeRuns(a: Runs, b: Runs): Runs {
  const merged = new Runs(a.size + b.size);
  let [i, k] = [0, 0];
  while (i < a.size || k < b.size) {
    const order = k === b.size ? -1 : i === a.size ? 1 : compare(a, i, b, k);
    if (order === 0) merged.push(a.highs[i], a.lows[i], a.counts[i++] + b.counts[k++]);
    else if (order < 0) merged.push(a.highs[i], a.lows[i], a.counts[i++]);
    else merged.push(b.highs[k], b.lows[k], b.counts[k++]);
  }
  return merged;
}

function compare(a: Runs, i: number, b: Runs, k: number): number {
  return a.highs[i] === b.highs[k] ? a.lows[i] - b.lows[k] : a.highs[i] - b.highs[k];
}
