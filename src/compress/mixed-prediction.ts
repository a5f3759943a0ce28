/**
 * The prediction that characters are coded with: the network's, mixed with that of an n-gram model of the content so
 * far, and with that of the counts that came with the given model. Counts learn a name or a phrase at once, the network
 * learns what exceeds their contexts. Encoder and decoder count and mix alike, to the last bit.
 */
import { GrowingNgrams } from '../counts/growing-ngrams.js';
import { logarithm } from '../counts/logarithm.js';
import { classCount, classOf, type ModelCounts } from '../counts/mixture.js';
import { NgramReader } from '../counts/ngram-reader.js';
import type { Ids } from '../text/unit.js';
import type { CountingFormat } from './counting-format.js';
import type { Frequencies } from './frequencies.js';
import { type MixedInput, Mixer } from './mixer.js';

export class MixedPrediction {
  private readonly growing: GrowingNgrams;
  private readonly probabilities: Float64Array;
  private readonly reader: NgramReader | undefined;
  private readonly network: MixedInput;
  private readonly grown: MixedInput;
  private readonly given: MixedInput | undefined;
  private readonly mixer: Mixer;

  /**
   * @param size number of symbols
   * @param isGiven whether the network is that of a given model
   * @param counts of the model, if it has any
   */
  constructor(
    size: number,
    private readonly format: CountingFormat,
    isGiven: boolean,
    counts?: ModelCounts,
  ) {
    const { context, maxCounts, discounting } = format;
    this.growing = new GrowingNgrams(size, { context, maxCounts, discounting });
    this.probabilities = new Float64Array(size);
    const input = (weights: Float64Array): MixedInput => ({
      logs: new Float64Array(size),
      weights,
      set: 0,
    });
    const { sets, beginning } = format;
    const { network, grown } = beginning[counts ? 'counted' : isGiven ? 'given' : 'fresh'];
    this.grown = input(new Float64Array(sets).fill(grown));
    if (counts === undefined) {
      this.network = input(new Float64Array(sets).fill(network));
    } else {
      this.reader = new NgramReader(counts.table);
      const classes = classCount(counts.table.context);
      const fitted = (which: number) =>
        Float64Array.from({ length: classes }, (_, i) => counts.weights[2 * i + which]);
      this.network = input(fitted(0));
      this.given = input(fitted(1));
    }
    const inputs = [this.network, ...(this.given ? [this.given] : []), this.grown];
    this.mixer = new Mixer(size, inputs, format.rate);
  }

  /**
   * @param logits the network's logits for the character, beginning at `start`
   * @param ids the text, in which the character is at index `at`
   * @returns logarithms of the probabilities, up to a constant; valid until the next call
   */
  predict(logits: Float32Array, start: number, ids: Ids, at: number): Float64Array {
    const { growing, probabilities, network, given, grown, reader, mixer, format } = this;
    growing.predict(ids, at, probabilities);
    let max = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < probabilities.length; c++) {
      if (logits[start + c] > max) max = logits[start + c];
    }
    for (let c = 0; c < probabilities.length; c++) {
      network.logs[c] = logits[start + c] - max;
      grown.logs[c] = logarithm(probabilities[c]);
    }
    grown.set = format.setOf(growing.matched);
    network.set = grown.set;
    if (reader && given) {
      reader.predict(ids, at, given.logs);
      given.set = classOf(reader.matched, reader.seen);
      network.set = given.set;
    }
    mixer.mix();
    return mixer.mixed;
  }

  /**
   * Learns from the character that was coded.
   * @param frequencies with which it was coded
   */
  learn(target: number, frequencies: Frequencies): void {
    this.mixer.learn(target, frequencies);
  }

  /** Adds the character at one position of the content to the n-gram counts that grow with it. */
  count(ids: Ids, at: number): void {
    this.growing.learn(ids, at);
  }
}
