/** Measures how far answers are from the right answers. */

/** Counts the edits that correct several answers, and the length of the right answers. */
export class ErrorRate {
  private edits = 0;
  private length = 0;

  /**
   * Compares an answer with the closest of several right ones.
   * @returns the number of edits between them
   */
  add<Symbol>(answer: readonly Symbol[], right: readonly (readonly Symbol[])[]): number {
    let [edits, length] = [Number.POSITIVE_INFINITY, 0];
    for (const target of right) {
      const distance = editDistance(answer, target);
      if (distance < edits) [edits, length] = [distance, target.length];
    }
    this.edits += edits;
    this.length += length;
    return edits;
  }

  /** Edits, divided by the total length of the right answers */
  get rate(): number {
    return this.edits / this.length;
  }
}

/**
 * Edit distance: the min number of insertions, deletions and substitutions that turn a into b (Wagner & Fischer 1974)
 */
export function editDistance<Symbol>(a: readonly Symbol[], b: readonly Symbol[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
