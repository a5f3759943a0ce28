/** Converts CR LF and bare CR to LF, even if a piece of the text ends between CR and LF. */

const lf = 0x0a;
const cr = 0x0d;

export class LineEnds {
  private afterCr = false;

  /**
   * Converts the line ends among the first `count` symbols to LF, in place.
   * @returns how many symbols are left
   */
  fold(symbols: Uint32Array, count: number): number {
    if (!this.afterCr && symbols.subarray(0, count).indexOf(cr) < 0) return count;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const symbol = symbols[i];
      if (symbol === lf && this.afterCr) {
        this.afterCr = false;
      } else {
        this.afterCr = symbol === cr;
        symbols[kept++] = this.afterCr ? lf : symbol;
      }
    }
    return kept;
  }
}
