/**
 * Samples records in parallel, each in a row of the batch. When one ends, the next takes its row, so that the batch
 * stays full. A row's numbers do not depend on the other rows.
 */
import { type Answer, isPending } from '../backend/backend.js';
import type { Place, Predictor } from '../predict/predictor.js';
import type { BatchMemory } from './batch-memory.js';
import { CharacterSampler } from './character-sampler.js';
import { type RecordRules, RecordSampler } from './record-sampler.js';

/** Characters of a record, in the order in which they were drawn */
export interface RecordPiece {
  readonly index: number;
  readonly value: readonly number[];
  /** Whether the record ends with this piece */
  readonly done: boolean;
}

/** Where every record begins: the state after the text before it, and the character that is read next. */
export interface Beginning {
  /** The network's state and the latest characters, for a single text */
  readonly place: Place;
  readonly id: number;
}

export class Batch {
  private readonly sampler: CharacterSampler;
  private readonly predictor: Predictor;
  /** The network's states and the latest characters; the first rows belong to the active records */
  private readonly place: Place;
  private readonly rows: number;
  /** For each number B of active records, a reused list for the B ids that their rows read in one step */
  private readonly inputs = new Map<number, Int32Array>();
  private readonly active: RecordSampler[] = [];
  private readonly waiting: RecordSampler[] = [];
  private ended: RecordSampler[] = [];

  constructor(
    { predictor, place, rows }: BatchMemory,
    private readonly beginning: Beginning,
    private readonly rules: RecordRules,
  ) {
    this.sampler = new CharacterSampler(rules.symbols, rules.settings);
    this.predictor = predictor;
    this.place = place;
    this.rows = rows;
  }

  get busy(): boolean {
    return this.active.length > 0 || this.waiting.length > 0 || this.ended.length > 0;
  }

  /** @param prompt ids that this record continues, which follow the beginning that all records share */
  add(index: number, prompt: ArrayLike<number>): void {
    const record = new RecordSampler(index, this.beginning.id, prompt, this.rules);
    if (record.done) this.ended.push(record);
    else this.waiting.push(record);
  }

  /** Runs one step of all rows, with a single read from the device. It allocates nothing, because steps are short. */
  step(): Answer<void> {
    const { predictor, active, place } = this;
    this.fillRows();
    const B = active.length;
    if (B === 0) return;
    const inputs = this.inputsFor(B);
    for (let row = 0; row < B; row++) inputs[row] = active[row].input;
    const answer = predictor.step(place, inputs);
    if (isPending(answer)) return this.advanceAfter(answer);
    this.advance(answer);
  }

  private async advanceAfter(answer: Promise<Float32Array>): Promise<void> {
    this.advance(await answer);
  }

  /** Draws each row's next character from its logits. */
  private advance(logits: Float32Array): void {
    const { active, sampler, predictor } = this;
    const B = active.length;
    const V = predictor.vocabulary;
    for (let row = 0; row < B; row++) active[row].advance(logits, row * V, sampler);
    for (let row = B - 1; row >= 0; row--) if (active[row].done) this.remove(row);
  }

  private inputsFor(B: number): Int32Array {
    let inputs = this.inputs.get(B);
    if (inputs === undefined) {
      inputs = new Int32Array(B);
      this.inputs.set(B, inputs);
    }
    return inputs;
  }

  /** Returns what has been drawn since the last call. */
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
      this.predictor.copyRow(this.place, active.length, this.beginning.place, 0);
      active.push(record);
    }
  }

  /** Moves the last row to where another row has ended. */
  private remove(row: number): void {
    const { active } = this;
    this.ended.push(active[row]);
    const last = active.length - 1;
    if (row < last) {
      active[row] = active[last];
      this.predictor.copyRow(this.place, row, this.place, last);
    }
    active.pop();
  }
}
