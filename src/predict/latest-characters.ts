/** The latest characters of a text that grows: as many as the longest context has, and sometimes more. */
export class LatestCharacters {
  /** Oldest first, the first `length` of them */
  readonly ids: Int32Array;
  length = 0;

  /** @param context how many are needed at the most */
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

  /** Takes what another one of the same context has. */
  take(other: LatestCharacters): void {
    this.ids.set(other.ids);
    this.length = other.length;
  }

  /** The characters that matter, oldest first */
  get latest(): number[] {
    return Array.from(this.ids.subarray(Math.max(0, this.length - this.context), this.length));
  }
}
