/** How likely each character was before it came: its surprise, and the likeliest characters in its place. */
import { guesses, type TextPiece } from '../pages/model-page.js';

/** What is so many nats below the likeliest character adds too little to the sum of all to be seen in what is shown. */
const negligible = -20;

export class Foretold {
  private readonly texts: string[] = [];
  private readonly bits: number[] = [];
  private readonly ids: number[] = [];
  private readonly probabilities: number[] = [];
  private readonly bestIds = new Int32Array(guesses);
  private readonly best = new Float64Array(guesses);

  /** @param symbols number of characters that may be likely; the unknown symbol, the last id, is none of them */
  constructor(private readonly symbols: number) {}

  /** Adds a character that nothing predicted. */
  addUnforetold(text: string): void {
    this.texts.push(text);
    this.bits.push(Number.NaN);
    for (let k = 0; k < guesses; k++) {
      this.ids.push(-1);
      this.probabilities.push(0);
    }
  }

  /**
   * Adds a character.
   * @param logits [V] log-probabilities up to a constant
   */
  add(text: string, id: number, logits: Float32Array): void {
    this.rank(logits);
    const highest = this.best[0];
    const sum = sumAround(logits, highest);
    this.texts.push(text);
    this.bits.push((Math.log(sum) + highest - logits[id]) / Math.LN2);
    for (let k = 0; k < guesses; k++) {
      this.ids.push(this.bestIds[k]);
      const isThere = this.bestIds[k] >= 0;
      this.probabilities.push(isThere ? Math.exp(this.best[k] - highest) / sum : 0);
    }
  }

  /** Takes the first characters away. */
  take(count: number): TextPiece {
    return {
      texts: this.texts.splice(0, count),
      bits: Float32Array.from(this.bits.splice(0, count)),
      ids: Int32Array.from(this.ids.splice(0, count * guesses)),
      probabilities: Float32Array.from(this.probabilities.splice(0, count * guesses)),
    };
  }

  /** All characters, which stay */
  get piece(): TextPiece {
    return {
      texts: [...this.texts],
      bits: Float32Array.from(this.bits),
      ids: Int32Array.from(this.ids),
      probabilities: Float32Array.from(this.probabilities),
    };
  }

  /** Takes the latest character away. */
  pop(): void {
    this.texts.pop();
    this.bits.pop();
    this.ids.length -= guesses;
    this.probabilities.length -= guesses;
  }

  /** Finds the likeliest characters. */
  private rank(logits: Float32Array): void {
    const { best, bestIds, symbols } = this;
    best.fill(Number.NEGATIVE_INFINITY);
    bestIds.fill(-1);
    const last = guesses - 1;
    for (let id = 0; id < symbols; id++) {
      const value = logits[id];
      if (!(value > best[last])) continue;
      let k = last;
      for (; k > 0 && value > best[k - 1]; k--) {
        best[k] = best[k - 1];
        bestIds[k] = bestIds[k - 1];
      }
      best[k] = value;
      bestIds[k] = id;
    }
  }
}

/** Σ exp(logit - highest) over all logits that count */
function sumAround(logits: Float32Array, highest: number): number {
  let sum = 0;
  const lowest = highest + negligible;
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] > lowest) sum += Math.exp(logits[id] - highest);
  }
  return sum;
}
