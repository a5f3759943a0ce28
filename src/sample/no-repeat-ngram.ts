/**
 * Prevents a record from repeating itself endlessly: no sequence of n characters may occur in it twice. (Language
 * models of words penalise repetition instead; with characters that would only spoil the spelling.)
 */
export class NoRepeatNgram {
  private readonly ids: number[] = [];
  /** The characters that have followed each sequence of n - 1 characters */
  private readonly followers = new Map<string, number[]>();

  /** @param n length of the sequences that may not occur twice, at least 2 */
  constructor(private readonly n: number) {}

  /** Returns the ids that would complete a sequence which has occurred before. */
  banned(): readonly number[] {
    if (this.ids.length < this.n - 1) return [];
    return this.followers.get(this.lastRun()) ?? [];
  }

  push(id: number): void {
    if (this.ids.length >= this.n - 1) {
      const run = this.lastRun();
      const list = this.followers.get(run);
      if (list === undefined) this.followers.set(run, [id]);
      else list.push(id);
    }
    this.ids.push(id);
  }

  private lastRun(): string {
    return this.ids.slice(this.ids.length - this.n + 1).join();
  }
}
