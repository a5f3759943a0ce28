/** A text that grows bit by bit: what is read into it, and what the model goes on with, in turns. */
import { setImmediate } from 'node:timers/promises';
import { type Answer, type Backend, type Indices, isPending } from '../backend/backend.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import type { Network, State } from '../model/network.js';
import { clearState, copyState } from '../model/network-state.js';
import { textBeginning } from '../text/documents.js';
import { CharacterSampler } from './character-sampler.js';
import { promptSteps, readIds } from './read-prompt.js';
import { RecordSampler } from './record-sampler.js';
import { constraintFor, type SampleSettings } from './settings.js';

/** Characters are handed on as often as an eye can tell. */
const sliceMs = 30;

/** Where a text stands: all that was read but the last character, and that one */
interface Position {
  /** [1, H] a layer and state */
  readonly state: State;
  next: number;
}

export class Session {
  private readonly network: Network;
  private readonly position: Position;
  /** Where the latest drawing began */
  private readonly origin: Position;
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
    this.position = { state: this.network.createState(1), next };
    this.origin = { state: this.network.createState(1), next };
    this.input = backend.indices(1);
    this.logits = new Float32Array(model.vocabulary.size);
  }

  /** Begins a new text with these ids. */
  begin(ids: ArrayLike<number>): void {
    const { backend, position, network, model } = this;
    clearState(backend, position.state);
    const before = Math.max(0, ids.length - 1);
    readIds(backend, network, position.state, ids, before);
    position.next = ids.length > 0 ? ids[before] : textBeginning(model.vocabulary);
  }

  /** Goes back to where the latest drawing began. */
  rewind(): void {
    this.move(this.position, this.origin);
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
    const sampler = new CharacterSampler(symbols, settings);
    const constraint = constraintFor(settings, vocabulary);
    const rules = { settings, symbols, constraint };
    this.move(this.origin, this.position);
    const recordSampler = new RecordSampler(this.record++, this.position.next, [], rules);
    while (!recordSampler.done) {
      const end = performance.now() + sliceMs;
      do {
        const step = this.step(recordSampler, sampler);
        if (isPending(step)) await step;
      } while (!recordSampler.done && performance.now() < end);
      const piece = recordSampler.take();
      if (piece.length > 0) yield piece;
      // signals and keys come in
      await setImmediate();
    }
  }

  private step(recordSampler: RecordSampler, sampler: CharacterSampler): Answer<void> {
    const { backend, network, position, input, logits } = this;
    backend.writeIndices(input, [recordSampler.input]);
    const answer = backend.read(network.forward(input, 1, 1, position.state), logits);
    if (isPending(answer)) return answer.then(() => this.advance(recordSampler, sampler));
    this.advance(recordSampler, sampler);
  }

  private advance(recordSampler: RecordSampler, sampler: CharacterSampler): void {
    recordSampler.advance(this.logits, 0, sampler);
    this.position.next = recordSampler.input;
  }

  private move(to: Position, from: Position): void {
    copyState(this.backend, to.state, from.state);
    to.next = from.next;
  }
}
