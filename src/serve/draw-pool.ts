/**
 * Reads and draws many texts in parallel in one thread: the texts of all requests share the steps of one batch. If
 * there are more texts than rows, those that have had the fewest steps so far come first, so that long texts do not
 * delay short ones.
 */
import { setImmediate } from 'node:timers/promises';
import { type Backend, isPending } from '../backend/backend.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { type Place, Predictor } from '../predict/predictor.js';
import { rememberSeparator } from '../sample/read-prompt.js';

/** A text that is read and then, perhaps, drawn */
export interface PoolTask {
  /** Id that is read next */
  readonly input: number;
  /** Whether there is nothing left to do, or the text is no longer wanted */
  readonly done: boolean;
  /** Whether the text waits until its reader has taken what was written */
  readonly waiting: boolean;
  /** Whether the text begins with a prompt, and not with the character that is read before any text */
  readonly isPrompted: boolean;
  /** [C] the text's labels, each as an index among the values of all labels; empty if the model has none */
  readonly labels: Int32Array;
  /**
   * Receives what the model expects after `input`.
   * @param logits [V] beginning at `start`, up to a constant; valid during the call
   */
  advance(logits: Float32Array, start: number): void;
  /** Lets the reader take the new characters; called between slices of work, and when the text is done. */
  flush(): void;
  /** Ends the work on the text, and tells its reader why. */
  fail(error: unknown): void;
}

/** Max number of texts in a batch; with more, the time of a step per text no longer falls. */
const maxRows = 32;
/** Number of steps after which a text gives up its row to one that waits and has had fewer */
const turnSteps = 64;
/** Milliseconds of work between two checks for new requests */
const sliceMs = 10;

interface Seat {
  readonly task: PoolTask;
  /** The network's state where the text last gave up its row */
  readonly place: Place;
  /** Number of steps of the text since it last got a row, and in all */
  steps: number;
  total: number;
}

export class DrawPool {
  private readonly predictor: Predictor;
  private readonly batch: Place;
  private readonly active: Seat[] = [];
  private readonly queue: Seat[] = [];
  /** Memory for states that no text needs at the moment */
  private readonly free: Place[] = [];
  private running = false;

  /** @param backend in whose memory the pool computes; it is released with the backend's scope */
  constructor(
    private readonly model: Model,
    backend: Backend,
  ) {
    const network = loadNetwork(model, backend, { maxRows, maxBatch: maxRows });
    this.predictor = new Predictor(backend, network, maxRows, model.counts);
    this.batch = this.predictor.createPlace(maxRows);
  }

  /** Number of texts that are not done */
  get size(): number {
    return this.active.length + this.queue.length;
  }

  add(task: PoolTask): void {
    const place = this.free.pop() ?? this.predictor.createPlace(1);
    this.predictor.clear(place);
    rememberSeparator(this.model, place, task.isPrompted);
    this.queue.push({ task, place, steps: 0, total: 0 });
    this.wake();
  }

  /** Continues with a text after its slow reader has taken what was waiting. */
  wake(): void {
    if (this.running) return;
    this.running = true;
    void this.run();
  }

  private async run(): Promise<void> {
    try {
      for (;;) {
        // the pause lets the event loop handle requests and readers
        await setImmediate();
        this.seat();
        if (this.active.length === 0) return;
        const end = performance.now() + sliceMs;
        do await this.step();
        while (this.active.length > 0 && performance.now() < end);
        for (const { task } of this.active) task.flush();
      }
    } catch (error) {
      // the error ends the texts of all requests, since none may wait forever, but not the server
      for (const { task, place } of [...this.active, ...this.queue]) {
        task.fail(error);
        this.free.push(place);
      }
      this.active.length = 0;
      this.queue.length = 0;
    } finally {
      this.running = false;
    }
  }

  /**
   * Removes texts that are done or that wait for their readers. Their rows, and the rows of texts whose turn is over,
   * go to the texts in the queue.
   */
  private seat(): void {
    const { active, queue } = this;
    for (let row = active.length - 1; row >= 0; row--) {
      const { task } = active[row];
      if (task.done || task.waiting) this.unseat(row);
    }
    for (const seat of queue.filter(({ task }) => task.done)) this.drop(seat);
    const ready = queue.filter(({ task }) => !task.waiting).sort((a, b) => a.total - b.total);
    for (const seat of ready) {
      if (active.length === maxRows) {
        const row = this.longestServed();
        if (row < 0 || active[row].total <= seat.total) return;
        this.unseat(row);
      }
      queue.splice(queue.indexOf(seat), 1);
      this.predictor.copyRow(this.batch, active.length, seat.place, 0);
      seat.steps = 0;
      active.push(seat);
    }
  }

  /**
   * Of the texts in the batch that have made `turnSteps` steps in this turn, the row of the one with the most steps in
   * all; -1 if there is none
   */
  private longestServed(): number {
    const { active } = this;
    let row = -1;
    active.forEach(({ steps, total }, i) => {
      if (steps >= turnSteps && (row < 0 || total > active[row].total)) row = i;
    });
    return row;
  }

  private async step(): Promise<void> {
    const { active, predictor, batch } = this;
    const inputs = active.map(({ task }) => task.input);
    const answer = predictor.step(batch, inputs, this.labelsOf(active));
    const logits = isPending(answer) ? await answer : answer;
    const V = predictor.vocabulary;
    active.forEach((seat, row) => {
      try {
        seat.task.advance(logits, row * V);
      } catch (error) {
        seat.task.fail(error);
      }
      seat.steps++;
      seat.total++;
    });
    for (let row = active.length - 1; row >= 0; row--) {
      if (active[row].task.done) this.unseat(row);
    }
  }

  /** The labels of all rows, [C, rows]; undefined if the model has none */
  private labelsOf(seats: readonly Seat[]): Int32Array | undefined {
    const N = seats.length;
    const C = this.model.config.labels?.length ?? 0;
    if (C === 0) return undefined;
    return Int32Array.from({ length: C * N }, (_, i) => {
      const { labels } = seats[i % N].task;
      return labels[Math.floor(i / N)];
    });
  }

  /** Removes a text from the batch: it is done, or goes to the end of the queue. */
  private unseat(row: number): void {
    const { active, batch, predictor, queue } = this;
    const seat = active[row];
    const last = active.length - 1;
    if (!seat.task.done) predictor.copyRow(seat.place, 0, batch, row);
    if (row < last) {
      active[row] = active[last];
      predictor.copyRow(batch, row, batch, last);
    }
    active.pop();
    queue.push(seat);
    if (seat.task.done) this.drop(seat);
  }

  /** Releases the memory of a text that is done. */
  private drop(seat: Seat): void {
    this.queue.splice(this.queue.indexOf(seat), 1);
    this.free.push(seat.place);
    seat.task.flush();
  }
}
