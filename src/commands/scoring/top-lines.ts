/** Keeps the lines with the highest costs. */

interface Kept {
  readonly cost: number;
  readonly place: number;
  readonly parts: readonly (string | Uint8Array)[];
}

export class TopLines {
  private kept: Kept[] = [];
  private count = 0;
  /** Lines that cost no more than this are not among the highest. */
  private floor = Number.NEGATIVE_INFINITY;

  constructor(private readonly size: number) {}

  /** @param parts makes the parts of the printed line, if it is kept; they must not change later */
  add(cost: number, parts: () => readonly (string | Uint8Array)[]): void {
    const place = this.count++;
    if (cost <= this.floor) return;
    this.kept.push({ cost, place, parts: parts() });
    // sorting the kept lines now and then costs less than keeping them in order
    if (this.kept.length >= 2 * this.size + 64) this.cut();
  }

  /** The lines by descending cost; of lines with equal costs, the earlier one comes first. */
  ordered(): readonly (readonly (string | Uint8Array)[])[] {
    this.cut();
    return this.kept.map(({ parts }) => parts);
  }

  private cut(): void {
    this.kept.sort((a, b) => b.cost - a.cost || a.place - b.place);
    this.kept.length = Math.min(this.kept.length, this.size);
    if (this.kept.length === this.size) this.floor = this.kept[this.size - 1].cost;
  }
}
