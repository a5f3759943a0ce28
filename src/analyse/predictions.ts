/**
 * Records for each character what the model expected: the surprise, and the most probable characters at its position.
 */
import { overflowError } from '../model/overflow.js';
import type { Ids } from '../text/unit.js';
import type { UnknownSymbol } from '../text/vocabulary.js';
import type { Activations } from './activations.js';

export class Predictions {
  /** Surprise of each character in bits, [characters]; 0 for the first, which is not predicted */
  readonly surprise: Float32Array;
  /** [characters, K]: ids of the most probable characters, most probable first */
  readonly guesses: Uint32Array;
  /** [characters, K]: probabilities of the most probable characters, in the same order */
  readonly probabilities: Float32Array;

  constructor(
    private readonly ids: Ids,
    private readonly V: number,
    /** K: the number of guesses for each character */
    readonly K: number,
    private readonly unknown: UnknownSymbol,
  ) {
    this.surprise = new Float32Array(ids.length);
    this.guesses = new Uint32Array(ids.length * K);
    this.probabilities = new Float32Array(ids.length * K);
  }

  take({ rows, starts, lengths, logits }: Activations): void {
    const { V } = this;
    starts.forEach((start, row) => {
      for (let t = 0; t < lengths[row]; t++) {
        const next = start + t + 1;
        if (next >= this.ids.length) return;
        this.predict(next, logits.subarray((t * rows + row) * V, (t * rows + row + 1) * V));
      }
    });
  }

  /**
   * @param scores [V]: logits for the character at `at`
   * @throws CharnnError for a model whose weights overflow
   */
  private predict(at: number, scores: Float32Array | Float64Array): void {
    const { K, V, guesses } = this;
    const first = at * K;
    let found = 0;
    for (let v = 0; v < V; v++) {
      if (found === K && scores[v] <= scores[guesses[first + K - 1]]) continue;
      let place = Math.min(found, K - 1);
      while (place > 0 && scores[v] > scores[guesses[first + place - 1]]) {
        guesses[first + place] = guesses[first + place - 1];
        place--;
      }
      guesses[first + place] = v;
      found = Math.min(K, found + 1);
    }
    const highest = scores[guesses[first]];
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(scores[v] - highest);
    for (let k = 0; k < found; k++) {
      this.probabilities[first + k] = Math.exp(scores[guesses[first + k]] - highest) / sum;
    }
    const id = this.ids[at];
    const { unknownId, unknownCost } = this.unknown;
    const naming = id === unknownId ? unknownCost : 0;
    const nats = Math.log(sum) + highest - scores[id] + naming;
    if (Number.isNaN(nats)) throw overflowError();
    this.surprise[at] = nats / Math.LN2;
  }
}
