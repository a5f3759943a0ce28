/** A text that grows bit by bit: what is read into it, and what the model goes on with, in turns. */
import { setImmediate } from 'node:timers/promises';
import { type Answer, type Backend, type Indices, isPending } from '../backend/backend.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import type { Network, State } from '../model/network.js';
import { clearState, copyState } from '../model/network-state.js';
import { textBeginning } from '../text/documents.js';
import { Chooser } from './character-sampler.js';
import { promptSteps, readIds } from './read-prompt.js';
import { RecordCourse } from './record-sampler.js';
import { constraintFor, type SampleSettings } from './settings.js';

/** Characters are handed on as often as an eye can tell. */
const sliceMs = 30;

/** Where a text stands: all that was read but the last character, and that one */
interface Place {
  /** [1, H] a layer and state */
  readonly state: State;
  next: number;
}

export class Session {
  private readonly network: Network;
  private readonly place: Place;
  /** Where the latest drawing began */
  private readonly origin: Place;
  private readonly input: Indices;
  private readonly logits: Float32Array;
  /** Drawings so far: the next is drawn as the record of this number */
  private record = 0;

  constructor(
    private readonly model: Model,
    private readonly backend: Backend,
  ) {
    this.network = loadNetwork(model, backend, { maxRows: promptSteps, maxBatch: 1 });
    const next = textBeginning(model.vocabulary);
    this.place = { state: this.network.createState(1), next };
    this.origin = { state: this.network.createState(1), next };
    this.input = backend.indices(1);
    this.logits = new Float32Array(model.vocabulary.size);
  }

  /** Begins a new text with these ids. */
  begin(ids: ArrayLike<number>): void {
    const { backend, place, network, model } = this;
    clearState(backend, place.state);
    const before = Math.max(0, ids.length - 1);
    readIds(backend, network, place.state, ids, before);
    place.next = ids.length > 0 ? ids[before] : textBeginning(model.vocabulary);
  }

  /** Goes back to where the latest drawing began. */
  rewind(): void {
    this.move(this.place, this.origin);
  }

  /** The next drawing is drawn as the first of its seed. */
  restart(): void {
    this.record = 0;
  }

  /**
   * Goes on with the text; who takes no more of it ends it there.
   * @returns pieces, as they are drawn
   */
  async *draw(settings: SampleSettings): AsyncGenerator<readonly number[], void, void> {
    const { vocabulary } = this.model;
    const symbols = vocabulary.symbols.length;
    const chooser = new Chooser(symbols, settings);
    const constraint = constraintFor(settings, vocabulary);
    const rules = { settings, symbols, constraint };
    this.move(this.origin, this.place);
    const course = new RecordCourse(this.record++, this.place.next, [], rules);
    while (!course.done) {
      const end = performance.now() + sliceMs;
      do {
        const step = this.step(course, chooser);
        if (isPending(step)) await step;
      } while (!course.done && performance.now() < end);
      const piece = course.take();
      if (piece.length > 0) yield piece;
      // signals and keys come in
      await setImmediate();
    }
  }

  private step(course: RecordCourse, chooser: Chooser): Answer<void> {
    const { backend, network, place, input, logits } = this;
    backend.writeIndices(input, [course.input]);
    const answer = backend.read(network.forward(input, 1, 1, place.state), logits);
    if (isPending(answer)) return answer.then(() => this.advance(course, chooser));
    this.advance(course, chooser);
  }

  private advance(course: RecordCourse, chooser: Chooser): void {
    course.advance(this.logits, 0, chooser);
    this.place.next = course.input;
  }

  private move(to: Place, from: Place): void {
    copyState(this.backend, to.state, from.state);
    to.next = from.next;
  }
}
