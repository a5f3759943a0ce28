/**
 * A table of counters for pairs of 32-bit keys: an open-addressing hash table in typed arrays, which takes 8 + 4 ·
 * width bytes for each entry and grows as it fills.
 */

const minCapacity = 1 << 12;
const maxLoad = 0.6;

export class CountTable {
  private capacity = minCapacity;
  private used = 0;
  private first = new Uint32Array(minCapacity);
  /** Second key of each slot, plus 1, because 0 marks a free slot; so second keys must be below 2^32 - 1. */
  private second = new Uint32Array(minCapacity);
  private counters: Uint32Array;

  /** @param width number of counters in each entry */
  constructor(private readonly width: number) {
    this.counters = new Uint32Array(minCapacity * width);
  }

  /** Number of pairs of keys that the table has counters for */
  get size(): number {
    return this.used;
  }

  /** Returns the slot of the entry with these keys, or -1 if there is none; it is valid until the next insertion. */
  find(first: number, second: number): number {
    const slot = this.probe(first, second);
    return this.second[slot] === 0 ? -1 : slot;
  }

  /**
   * Returns the slot of the entry with these keys, which is valid until the next insertion; an entry that does not
   * exist is created with counters of 0.
   */
  insert(first: number, second: number): number {
    let slot = this.probe(first, second);
    if (this.second[slot] !== 0) return slot;
    if (++this.used > this.capacity * maxLoad) {
      this.grow();
      slot = this.probe(first, second);
    }
    this.first[slot] = first;
    this.second[slot] = second + 1;
    return slot;
  }

  get(slot: number, counter: number): number {
    return this.counters[slot * this.width + counter];
  }

  set(slot: number, counter: number, value: number): void {
    this.counters[slot * this.width + counter] = value;
  }

  /** Adds 1 to a counter and returns its new value. */
  add(slot: number, counter: number): number {
    return ++this.counters[slot * this.width + counter];
  }

  /** Subtracts 1 from one counter and adds it to another. */
  move(slot: number, from: number, to: number): void {
    this.counters[slot * this.width + from]--;
    this.counters[slot * this.width + to]++;
  }

  private probe(first: number, second: number): number {
    const mask = this.capacity - 1;
    let hash = Math.imul(first >>> 0, 0x9e3779b1) ^ Math.imul(second + 1, 0x85ebca6b);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & mask;
    while (
      this.second[slot] !== 0 &&
      (this.first[slot] !== first || this.second[slot] !== second + 1)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const { first, second, counters, width, capacity } = this;
    this.capacity *= 2;
    this.first = new Uint32Array(this.capacity);
    this.second = new Uint32Array(this.capacity);
    this.counters = new Uint32Array(this.capacity * width);
    for (let old = 0; old < capacity; old++) {
      if (second[old] === 0) continue;
      const slot = this.probe(first[old], second[old] - 1);
      this.first[slot] = first[old];
      this.second[slot] = second[old];
      for (let i = 0; i < width; i++) this.counters[slot * width + i] = counters[old * width + i];
    }
  }
}
