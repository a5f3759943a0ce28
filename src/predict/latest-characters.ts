/** The latest characters of a growing text: at least as many as the longest context needs. */
export class LatestCharacters {
  /** The characters, oldest first; only the first `length` of them are valid. */
  readonly ids: Int32Array;
  length = 0;

  /** @param context max number of characters that are ever needed */
  constructor(private readonly context: number) {
    this.ids = new Int32Array(Math.max(2, 8 * context));
  }

  push(id: number): void {
    const { ids, context } = this;
    if (this.length === ids.length) {
      const kept = Math.max(0, context - 1);
      ids.copyWithin(0, this.length - kept);
      this.length = kept;
    }
    ids[this.length++] = id;
  }

  /** Copies another text's latest characters, which must have been kept for contexts of the same max length. */
  take(other: LatestCharacters): void {
    this.ids.set(other.ids);
    this.length = other.length;
  }

  /** The characters that the longest context needs, oldest first */
  get latest(): number[] {
    return Array.from(this.ids.subarray(Math.max(0, this.length - this.context), this.length));
  }
}
