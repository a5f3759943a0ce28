/** A text that grows in turns: ids are read into it, and the model continues it. */
import { setImmediate } from 'node:timers/promises';
import { type Answer, type Backend, isPending } from '../backend/backend.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { type Place, Predictor, readingSteps } from '../predict/predictor.js';
import { textBeginning } from '../text/documents.js';
import { CharacterSampler } from './character-sampler.js';
import { rememberSeparator } from './read-prompt.js';
import { RecordSampler } from './record-sampler.js';
import { constraintFor, type SampleSettings } from './settings.js';

/** Milliseconds between two pieces: about as often as the eye can follow. */
const sliceMs = 30;

/** The current end of the text: everything except the last character has been read, and that character is read next. */
interface Standing {
  /** The network's state and the latest characters at the end of the text */
  readonly place: Place;
  next: number;
}

export class Session {
  private readonly predictor: Predictor;
  private readonly now: Standing;
  /** The end of the text before the latest continuation */
  private readonly origin: Standing;
  /** Number of continuations so far; the next one is drawn as the record with this number. */
  private record = 0;

  /** @param share scales the weight of the model's n-gram counts */
  constructor(
    private readonly model: Model,
    backend: Backend,
    share = 1,
  ) {
    const network = loadNetwork(model, backend, { maxRows: readingSteps, maxBatch: 1 });
    this.predictor = new Predictor(backend, network, 1, model.counts, share);
    const next = textBeginning(model.vocabulary);
    this.now = { place: this.predictor.createPlace(1), next };
    this.origin = { place: this.predictor.createPlace(1), next };
    rememberSeparator(model, this.now.place, false);
  }

  /** Begins a new text with these ids. */
  begin(ids: ArrayLike<number>): void {
    const { predictor, now, model } = this;
    predictor.clear(now.place);
    rememberSeparator(model, now.place, ids.length > 0);
    const before = Math.max(0, ids.length - 1);
    predictor.read(now.place, ids, before);
    now.next = ids.length > 0 ? ids[before] : textBeginning(model.vocabulary);
  }

  /** Goes back to the beginning of the latest continuation. */
  rewind(): void {
    this.move(this.now, this.origin);
  }

  /** Makes the next continuation be drawn like the first record of its seed. */
  restart(): void {
    this.record = 0;
  }

  /**
   * Continues the text. A reader that stops taking pieces ends the continuation.
   * @returns pieces, as they are drawn
   */
  async *draw(settings: SampleSettings): AsyncGenerator<readonly number[], void, void> {
    const { vocabulary } = this.model;
    const symbols = vocabulary.symbols.length;
    const sampler = new CharacterSampler(symbols, settings);
    const constraint = constraintFor(settings, vocabulary);
    const rules = { settings, symbols, constraint };
    this.move(this.origin, this.now);
    const recordSampler = new RecordSampler(this.record++, this.now.next, [], rules);
    while (!recordSampler.done) {
      const end = performance.now() + sliceMs;
      do {
        const step = this.step(recordSampler, sampler);
        if (isPending(step)) await step;
      } while (!recordSampler.done && performance.now() < end);
      const piece = recordSampler.take();
      if (piece.length > 0) yield piece;
      // this pause lets signals and key presses be handled
      await setImmediate();
    }
  }

  private step(recordSampler: RecordSampler, sampler: CharacterSampler): Answer<void> {
    const answer = this.predictor.step(this.now.place, [recordSampler.input]);
    if (isPending(answer))
      return answer.then((logits) => this.advance(recordSampler, sampler, logits));
    this.advance(recordSampler, sampler, answer);
  }

  private advance(
    recordSampler: RecordSampler,
    sampler: CharacterSampler,
    logits: Float32Array,
  ): void {
    recordSampler.advance(logits, 0, sampler);
    this.now.next = recordSampler.input;
  }

  private move(to: Standing, from: Standing): void {
    this.predictor.copyRow(to.place, 0, from.place, 0);
    to.next = from.next;
  }
}
