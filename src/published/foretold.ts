/**
 * Records how likely the model found each character of a text before it read it: the character's surprise, and the most
 * probable characters at its position.
 */
import { guesses, type TextPiece } from '../pages/model-page.js';

/** A logit that is lower than the highest by more nats than this adds too little to the sum to change what is shown. */
const negligible = -20;

export class Foretold {
  private readonly texts: string[] = [];
  private readonly bits: number[] = [];
  private readonly ids: number[] = [];
  private readonly probabilities: number[] = [];
  private readonly bestIds = new Int32Array(guesses);
  private readonly best = new Float64Array(guesses);

  /** @param symbols number of characters in the vocabulary, without the unknown symbol, which has the last id */
  constructor(private readonly symbols: number) {}

  /** Adds a character for which the model predicted nothing, because it is the first of the text. */
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

  /** Removes the first characters and returns them. */
  take(count: number): TextPiece {
    return {
      texts: this.texts.splice(0, count),
      bits: Float32Array.from(this.bits.splice(0, count)),
      ids: Int32Array.from(this.ids.splice(0, count * guesses)),
      probabilities: Float32Array.from(this.probabilities.splice(0, count * guesses)),
    };
  }

  /** A copy of all characters so far, with what was predicted for them */
  get piece(): TextPiece {
    return {
      texts: [...this.texts],
      bits: Float32Array.from(this.bits),
      ids: Int32Array.from(this.ids),
      probabilities: Float32Array.from(this.probabilities),
    };
  }

  /** Removes the latest character. */
  pop(): void {
    this.texts.pop();
    this.bits.pop();
    this.ids.length -= guesses;
    this.probabilities.length -= guesses;
  }

  /** Finds the most probable characters. */
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

/** The sum of exp(logit - highest) over all logits that are not negligible */
function sumAround(logits: Float32Array, highest: number): number {
  let sum = 0;
  const lowest = highest + negligible;
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] > lowest) sum += Math.exp(logits[id] - highest);
  }
  return sum;
}
