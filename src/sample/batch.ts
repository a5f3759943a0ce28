/**
 * Records drawn side by side, a row of the batch each. When one ends the next takes its place, so the
 * batch stays full; a row's numbers do not depend on the others.
 */
import { type Answer, isPending } from '../backend/backend.js';
import type { Place, Predictor } from '../predict/predictor.js';
import { CharacterSampler } from './character-sampler.js';
import { RecordSampler, type RecordRules } from './record-sampler.js';

/** Characters of a record, in the order in which they were drawn */
export interface RecordPiece {
  readonly index: number;
  readonly value: readonly number[];
  /** Whether the record ends with it */
  readonly done: boolean;
}

/** Where every record begins: what was read before it, and the character it reads next. */
export interface Beginning {
  /** Of one row */
  readonly place: Place;
  readonly id: number;
}

export class Batch {
  private readonly sampler: CharacterSampler;
  /** A row for each of the active records */
  private readonly place: Place;
  private readonly active: RecordSampler[] = [];
  private readonly waiting: RecordSampler[] = [];
  private ended: RecordSampler[] = [];

  /** @param rows at most so many records run at a time; the predictor must hold them */
  constructor(
    private readonly predictor: Predictor,
    private readonly beginning: Beginning,
    private readonly rules: RecordRules,
    private readonly rows: number,
  ) {
    this.sampler = new CharacterSampler(rules.symbols, rules.settings);
    this.place = predictor.createPlace(rows);
  }

  get busy(): boolean {
    return this.active.length > 0 || this.waiting.length > 0 || this.ended.length > 0;
  }

  /** @param prompt ids that this record goes on from, after the beginning */
  add(index: number, prompt: ArrayLike<number>): void {
    const record = new RecordSampler(index, this.beginning.id, prompt, this.rules);
    if (record.done) this.ended.push(record);
    else this.waiting.push(record);
  }

  /** One step of all rows: one answer of the device for all of them. */
  step(): Answer<void> {
    const { predictor, active, place } = this;
    this.fillRows();
    if (active.length === 0) return;
    const answer = predictor.step(
      place,
      active.map((record) => record.input),
    );
    if (isPending(answer)) return answer.then((logits) => this.advance(logits));
    this.advance(answer);
  }

  /** Draws each row's next character from its logits. */
  private advance(logits: Float32Array): void {
    const { active, sampler, predictor } = this;
    const V = predictor.vocabulary;
    active.forEach((record, row) => {
      record.advance(logits, row * V, sampler);
    });
    for (let row = active.length - 1; row >= 0; row--) if (active[row].done) this.remove(row);
  }

  /** What was drawn since the last call. */
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

  /** Puts the last row in the place of one that has ended. */
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
