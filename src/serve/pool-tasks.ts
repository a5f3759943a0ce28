/** The texts of requests: some are continued, others only read. */
import type { Model } from '../model/model-data.js';
import { requireNumbers } from '../model/overflow.js';
import { Foretold } from '../published/foretold.js';
import { CharacterSampler } from '../sample/character-sampler.js';
import { RecordSampler } from '../sample/record-sampler.js';
import type { SampleSettings } from '../sample/settings.js';
import { textBeginning } from '../text/documents.js';
import type { PoolTask } from './draw-pool.js';

/** The reader of a text, who may be slow, or may have gone */
export interface TextReader {
  /** Whether the text is no longer wanted */
  readonly gone: boolean;
  /** Whether the reader must not be given more at the moment */
  readonly waiting: boolean;
  /** Called when there may be new characters to take from the task. */
  onFlush(): void;
  /** Called when the text cannot be continued. */
  onFail(error: unknown): void;
}

/** A prompt that is read and continued; the characters are those of `charnn sample` with the same seed. */
export class CompletionTask implements PoolTask {
  input: number;
  /** Number of characters drawn, including those of a stop sequence */
  drawn = 0;
  /** What was predicted for the prompt, and for characters drawn but not taken yet, if predictions are wanted */
  readonly ofPrompt: Foretold | undefined;
  private readonly ofDrawn: Foretold | undefined;
  private readonly record: RecordSampler;
  private readonly sampler: CharacterSampler;
  private readonly vocabulary: number;
  /** Index in the prompt of the character that is read next */
  private at = 0;
  private finished: boolean;

  /**
   * @param labels [C] each as an index among the values of all labels
   * @param index number of the random stream
   * @param names the text of each id, if predictions are wanted
   */
  constructor(
    { vocabulary, config }: Model,
    private readonly prompt: ArrayLike<number>,
    readonly labels: Int32Array,
    private readonly settings: SampleSettings,
    index: number,
    private readonly names: readonly string[] | undefined,
    private readonly reader: TextReader,
  ) {
    const symbols = vocabulary.symbols.length;
    this.vocabulary = config.vocabulary;
    this.input = prompt.length > 0 ? prompt[0] : textBeginning(vocabulary);
    const last = prompt.length > 0 ? prompt[prompt.length - 1] : this.input;
    this.sampler = new CharacterSampler(symbols, settings);
    this.record = new RecordSampler(index, last, [], { settings, symbols, constraint: undefined });
    if (names !== undefined) {
      this.ofPrompt = new Foretold(symbols);
      this.ofDrawn = new Foretold(symbols);
      if (prompt.length > 0) this.ofPrompt.addUnforetold(names[prompt[0]]);
    }
    // a prompt without a continuation is read only if its predictions are wanted
    const isReading = names !== undefined && prompt.length > 1;
    this.finished = settings.length === 0 && !isReading;
  }

  get isPrompted(): boolean {
    return this.prompt.length > 0;
  }

  get done(): boolean {
    return this.finished || this.reader.gone;
  }

  get waiting(): boolean {
    return this.reader.waiting;
  }

  /** Why the text ended: it reached its length, or a stop sequence came. */
  get reason(): 'length' | 'stop' {
    return this.taken < this.drawn ? 'stop' : 'length';
  }

  private taken = 0;

  advance(logits: Float32Array, start: number): void {
    const { prompt, record, settings } = this;
    if (this.at < prompt.length - 1) {
      this.input = prompt[++this.at];
      this.foretell(this.ofPrompt, logits, start);
      if (this.at === prompt.length - 1 && settings.length === 0) this.finished = true;
      return;
    }
    record.advance(logits, start, this.sampler);
    this.input = record.input;
    this.drawn++;
    this.foretell(this.ofDrawn, logits, start);
    if (record.done) this.finished = true;
  }

  /** Returns the new characters that certainly belong to the text, with what was predicted for them. */
  take() {
    const ids = this.record.take();
    this.taken += ids.length;
    return { ids, foretold: this.ofDrawn?.take(ids.length) };
  }

  flush(): void {
    this.reader.onFlush();
  }

  fail(error: unknown): void {
    this.finished = true;
    this.reader.onFail(error);
  }

  private foretell(into: Foretold | undefined, logits: Float32Array, start: number): void {
    if (into === undefined || this.names === undefined) return;
    const row = logits.subarray(start, start + this.vocabulary);
    into.add(this.names[this.input], this.input, row);
  }
}

/** A text that is read for its loss */
export class ScoringTask implements PoolTask {
  readonly isPrompted = true;
  input: number;
  /** Surprise of each character except the first, in bits */
  readonly bits: Float64Array;
  private at = 0;

  /**
   * @param ids the text, preceded by the character that is read before it
   * @param labels [C] each as an index among the values of all labels
   */
  constructor(
    private readonly ids: ArrayLike<number>,
    readonly labels: Int32Array,
    private readonly vocabulary: number,
    private readonly reader: TextReader,
  ) {
    this.input = ids[0];
    this.bits = new Float64Array(Math.max(0, ids.length - 1));
  }

  get done(): boolean {
    return this.reader.gone || this.at >= this.bits.length;
  }

  get waiting(): boolean {
    return this.reader.waiting;
  }

  advance(logits: Float32Array, start: number): void {
    requireNumbers(logits, start, this.vocabulary);
    const id = this.ids[this.at + 1];
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.vocabulary; i++) max = Math.max(max, logits[start + i]);
    let sum = 0;
    for (let i = 0; i < this.vocabulary; i++) sum += Math.exp(logits[start + i] - max);
    this.bits[this.at++] = (Math.log(sum) + max - logits[start + id]) / Math.LN2;
    this.input = id;
  }

  flush(): void {
    this.reader.onFlush();
  }

  fail(error: unknown): void {
    this.at = this.bits.length;
    this.reader.onFail(error);
  }
}
