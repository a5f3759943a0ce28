/** Finds the strings that end a record, character by character (Knuth, Morris & Pratt 1977). */

export interface StopSequence {
  readonly ids: readonly number[];
  /** Whether the string itself is part of the record */
  readonly kept: boolean;
}

export class StopMatcher {
  private readonly fallbacks: readonly Int32Array[];
  /** For each string: how many of its first characters the end of the record matches */
  private readonly matched: Int32Array;

  /** @param from a matcher whose state is continued; by default the start of a record */
  constructor(
    private readonly ends: readonly StopSequence[],
    from?: StopMatcher,
  ) {
    this.fallbacks = from?.fallbacks ?? ends.map(({ ids }) => fallbackTable(ids));
    this.matched = from?.matched.slice() ?? new Int32Array(ends.length);
  }

  /**
   * Adds the next character.
   * @returns the string that is now complete, if any; of several, the one that was given first
   */
  push(id: number): StopSequence | undefined {
    let found: StopSequence | undefined;
    // this method is called for each character, so it creates no closure
    for (let e = 0; e < this.ends.length; e++) {
      const { ids } = this.ends[e];
      let k = this.matched[e];
      while (k > 0 && ids[k] !== id) k = this.fallbacks[e][k - 1];
      if (ids[k] === id) k++;
      this.matched[e] = k;
      if (k === ids.length) found ??= this.ends[e];
    }
    return found;
  }

  /** A copy of the current state, which can be continued independently */
  copy(): StopMatcher {
    return new StopMatcher(this.ends, this);
  }

  /** Number of characters at the end of the record that may turn out to be the beginning of an end string. */
  get uncertain(): number {
    let max = 0;
    this.ends.forEach(({ kept }, e) => {
      if (!kept && this.matched[e] > max) max = this.matched[e];
    });
    return max;
  }
}

/** table[i]: length of the longest proper prefix of ids[0…i] that is also its suffix */
function fallbackTable(ids: readonly number[]): Int32Array {
  const table = new Int32Array(ids.length);
  let k = 0;
  for (let i = 1; i < ids.length; i++) {
    while (k > 0 && ids[i] !== ids[k]) k = table[k - 1];
    if (ids[i] === ids[k]) k++;
    table[i] = k;
  }
  return table;
}
