/**
 * Records drawn side by side, a row of the batch each. When one ends the next takes its place, so the
 * batch stays full; a row's numbers do not depend on the others.
 */
import { type Answer, type Backend, type Indices, isPending } from '../backend/backend.js';
import type { Network, State } from '../model/network.js';
import { copyState, stateRows } from '../model/network-state.js';
import { CharacterSampler } from './character-sampler.js';
import { type RecordRules, RecordSampler } from './record-sampler.js';

/** Characters of a record, in the order in which they were drawn */
export interface RecordPiece {
  readonly index: number;
  readonly value: readonly number[];
  /** Whether the record ends with it */
  readonly done: boolean;
}

/** The beginning of every record: the model's state, and the character that the model reads next */
export interface Beginning {
  /** The state, [1, H] for each layer and tensor */
  readonly state: State;
  readonly id: number;
}

/** Buffers and state of a step over B rows */
interface RowViews {
  readonly state: State;
  readonly input: Indices;
  /** The ids to be written to `input` */
  readonly ids: Int32Array;
  /** Logits of the rows, [B, V] */
  readonly logits: Float32Array;
}

export class Batch {
  private readonly sampler: CharacterSampler;
  private readonly logits: Float32Array;
  /** The state of all rows, [rows, H] for each layer and tensor */
  private readonly state: State;
  private readonly input: Indices;
  /** Views of the first B rows, kept by B */
  private readonly views = new Map<number, RowViews>();
  private readonly active: RecordSampler[] = [];
  private readonly waiting: RecordSampler[] = [];
  private ended: RecordSampler[] = [];

  /** @param rows at most so many records run at a time; the network must hold them */
  constructor(
    private readonly backend: Backend,
    private readonly network: Network,
    private readonly beginning: Beginning,
    private readonly rules: RecordRules,
    private readonly rows: number,
  ) {
    this.sampler = new CharacterSampler(rules.symbols, rules.settings);
    this.logits = new Float32Array(rows * network.config.vocabulary);
    this.state = network.createState(rows);
    this.input = backend.indices(rows);
  }

  get busy(): boolean {
    return this.active.length > 0 || this.waiting.length > 0 || this.ended.length > 0;
  }

  /** @param prompt ids that this record continues, after the beginning */
  add(index: number, prompt: ArrayLike<number>): void {
    const record = new RecordSampler(index, this.beginning.id, prompt, this.rules);
    if (record.done) this.ended.push(record);
    else this.waiting.push(record);
  }

  /** Runs one step of all rows, with one read from the device. It allocates nothing, because steps are short. */
  step(): Answer<void> {
    const { backend, network, active } = this;
    this.fillRows();
    const B = active.length;
    if (B === 0) return;
    const { state, input, ids, logits } = this.viewsFor(B);
    for (let row = 0; row < B; row++) ids[row] = active[row].input;
    backend.writeIndices(input, ids);
    const answer = backend.read(network.forward(input, 1, B, state), logits);
    if (isPending(answer)) return this.advanceAfter(answer);
    this.advance();
  }

  private async advanceAfter(answer: Promise<unknown>): Promise<void> {
    await answer;
    this.advance();
  }

  /** Draws each row's next character from its logits. */
  private advance(): void {
    const { active, logits, sampler, network } = this;
    const B = active.length;
    const V = network.config.vocabulary;
    for (let row = 0; row < B; row++) active[row].advance(logits, row * V, sampler);
    for (let row = B - 1; row >= 0; row--) if (active[row].done) this.remove(row);
  }

  /** Returns the characters drawn since the last call. */
  takePieces(): RecordPiece[] {
    const pieces = this.ended.map((record) => ({
      index: record.index,
      value: record.take(),
      done: true,
    }));
    this.ended = [];
    for (const record of this.active) {
      const value = record.take();
      if (value.length > 0) pieces.push({ index: record.index, value, done: false });
    }
    return pieces;
  }

  private fillRows(): void {
    const { active, waiting, rows } = this;
    while (active.length < rows) {
      const record = waiting.shift();
      if (record === undefined) return;
      copyState(this.backend, this.row(active.length), this.beginning.state);
      active.push(record);
    }
  }

  /** Moves the last row into the place of a row that has ended. */
  private remove(row: number): void {
    const { active } = this;
    this.ended.push(active[row]);
    const last = active.length - 1;
    if (row < last) {
      active[row] = active[last];
      copyState(this.backend, this.row(row), this.row(last));
    }
    active.pop();
  }

  private row(index: number): State {
    return stateRows(this.backend, this.state, index, 1);
  }

  private viewsFor(B: number): RowViews {
    let views = this.views.get(B);
    if (views === undefined) {
      const { backend, logits } = this;
      views = {
        state: stateRows(backend, this.state, 0, B),
        input: backend.viewIndices(this.input, 0, B),
        ids: new Int32Array(B),
        logits: logits.subarray(0, B * this.network.config.vocabulary),
      };
      this.views.set(B, views);
    }
    return views;
  }
}
