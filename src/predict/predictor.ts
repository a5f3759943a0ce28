/**
 * Predicts the next character of texts, by a network alone or by a network and n-gram counts. Code that samples text
 * steps through it character by character, and need not know which of the two it is.
 */
import { type Answer, type Backend, type Indices, isPending } from '../backend/backend.js';
import { type ModelCounts, mixtureOf } from '../counts/mixture.js';
import { LabelFeed } from '../model/label-feed.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Network, State } from '../model/network.js';
import { clearState, copyState, createState, stateRows } from '../model/network-state.js';
import { LatestCharacters } from './latest-characters.js';

/** How far several texts that are read in parallel have been read: the network's states, and the latest characters */
export interface Place {
  /** The network's state, [rows, H] for each layer and kind of state (such as h and c) */
  readonly state: State;
  /** The latest characters of each row; undefined if the network predicts alone */
  readonly histories: readonly LatestCharacters[] | undefined;
}

/** Number of time steps in each chunk of a prompt */
export const readingSteps = 256;

/** Views of the buffers for a step of B rows */
interface RowViews {
  readonly input: Indices;
  /** The logits of each row, [B, V] */
  readonly logits: Float32Array;
}

/**
 * A place (see `Place`) at the beginning of texts, before anything is read, for a predictor with these n-gram counts.
 * @param share scales the weight of the counts
 */
export function emptyPlace(
  backend: Backend,
  config: ModelConfig,
  rows: number,
  counts: ModelCounts | undefined,
  share = 1,
): Place {
  const context = counts?.table.context ?? 0;
  const histories =
    mixtureOf(counts, share) && Array.from({ length: rows }, () => new LatestCharacters(context));
  return { state: createState(backend, config, rows), histories };
}

export class Predictor {
  private readonly mixture: ReturnType<typeof mixtureOf>;
  private readonly context: number;
  private readonly indices: Indices;
  private readonly labels: LabelFeed;
  private readonly logits: Float32Array;
  /**
   * For each place (see `Place`), views of the network's state for its first B rows, by B; they are kept because each
   * step needs one
   */
  private readonly views = new WeakMap<Place, Map<number, State>>();
  private readonly rowViews = new Map<number, RowViews>();

  /**
   * @param network built for at least this many rows
   * @param rows max number of texts that are read in parallel
   * @param share scales the weight of the n-gram counts: 1 as fitted, 0 for the network alone
   */
  constructor(
    private readonly backend: Backend,
    private readonly network: Network,
    rows: number,
    counts?: ModelCounts,
    share = 1,
  ) {
    this.mixture = mixtureOf(counts, share);
    this.context = counts?.table.context ?? 0;
    this.indices = backend.indices(rows);
    this.labels = new LabelFeed(backend, rows);
    this.logits = new Float32Array(rows * network.config.vocabulary);
  }

  /** V: size of the vocabulary, including the unknown symbol */
  get vocabulary(): number {
    return this.network.config.vocabulary;
  }

  /** A place (see `Place`) at the beginning of texts, before anything is read */
  createPlace(rows: number): Place {
    const { network, mixture, context } = this;
    const histories = mixture && Array.from({ length: rows }, () => new LatestCharacters(context));
    return { state: network.createState(rows), histories };
  }

  /**
   * The place (see `Place`) behind a text that was read elsewhere.
   * @param state the network's state after that text, [1, H] for each layer and kind of state
   * @param latest the latest characters that were read, oldest first
   */
  placeAt(state: State, latest: readonly number[]): Place {
    const { mixture, context } = this;
    if (mixture === undefined) return { state, histories: undefined };
    const history = new LatestCharacters(context);
    for (const id of latest) history.push(id);
    return { state, histories: [history] };
  }

  /** Resets a place (see `Place`) to the beginning of its texts. */
  clear({ state, histories = [] }: Place): void {
    clearState(this.backend, state);
    for (const history of histories) history.length = 0;
  }

  /**
   * Reads the next character of each of the texts whose state a place (see `Place`) holds.
   * @param inputs ids of the characters; if there are fewer than texts, only the first texts are read
   * @param labels for a network with labels, [labels, texts]: each value as an index among the values of all labels
   * @returns [texts, V] log-probabilities of the next character, up to a constant in each row; valid until the next
   * call
   */
  step(place: Place, inputs: ArrayLike<number>, labels?: Int32Array): Answer<Float32Array> {
    const { backend, network } = this;
    const B = inputs.length;
    const { input, logits } = this.rowsOf(B);
    backend.writeIndices(input, inputs);
    const rows = this.labels.write(labels, B);
    const state = this.viewOf(place, B);
    const output = network.forward(input, 1, B, state, undefined, undefined, rows);
    const answer = backend.read(output, logits);
    if (isPending(answer)) return answer.then(() => this.mixed(place, inputs, logits));
    return this.mixed(place, inputs, logits);
  }

  /**
   * Reads the first `count` ids of a text, and advances a place (see `Place`) that holds the state of this text alone.
   * The network must have memory for that many steps, or for `readingSteps`.
   */
  read(place: Place, ids: ArrayLike<number>, count: number): void {
    const { backend, network } = this;
    if (count === 0) return;
    const memory = backend.indices(Math.min(readingSteps, count));
    for (let from = 0; from < count; from += readingSteps) {
      const steps = Math.min(readingSteps, count - from);
      const chunk = backend.viewIndices(memory, 0, steps);
      backend.writeIndices(
        chunk,
        Int32Array.from({ length: steps }, (_, t) => ids[from + t]),
      );
      network.forward(chunk, steps, 1, place.state);
    }
    const history = place.histories?.[0];
    if (history === undefined) return;
    for (let i = Math.max(0, count - this.context); i < count; i++) history.push(ids[i]);
  }

  /**
   * Copies the state and the latest characters of one row to another, in the same place (see `Place`) or a different
   * one.
   */
  copyRow(to: Place, toRow: number, from: Place, fromRow: number): void {
    const { backend } = this;
    copyState(
      backend,
      stateRows(backend, to.state, toRow, 1),
      stateRows(backend, from.state, fromRow, 1),
    );
    const source = from.histories?.[fromRow];
    if (source !== undefined) to.histories?.[toRow].take(source);
  }

  /** Copies the state and the latest characters of the given rows of a place (see `Place`) to another's first rows. */
  gather(to: Place, from: Place, rows: readonly number[]): void {
    const { backend } = this;
    const ids = this.rowsOf(rows.length).input;
    backend.writeIndices(ids, rows);
    this.viewOf(to, rows.length).forEach((layer, l) => {
      layer.forEach((s, k) => {
        backend.gather(s, from.state[l][k], ids);
      });
    });
    rows.forEach((row, i) => {
      const source = from.histories?.[row];
      if (source !== undefined) to.histories?.[i].take(source);
    });
  }

  private mixed(place: Place, inputs: ArrayLike<number>, logits: Float32Array): Float32Array {
    const { mixture } = this;
    const { histories } = place;
    if (mixture === undefined || histories === undefined) return logits;
    const V = this.network.config.vocabulary;
    for (let row = 0; row < inputs.length; row++) {
      const history = histories[row];
      history.push(inputs[row]);
      mixture.mix(logits, row * V, history.ids, history.length);
    }
    return logits;
  }

  private rowsOf(B: number): RowViews {
    let views = this.rowViews.get(B);
    if (views === undefined) {
      const input = this.backend.viewIndices(this.indices, 0, B);
      const logits = this.logits.subarray(0, B * this.network.config.vocabulary);
      views = { input, logits };
      this.rowViews.set(B, views);
    }
    return views;
  }

  /** The state of the first B rows of a place (see `Place`) */
  private viewOf(place: Place, B: number): State {
    let views = this.views.get(place);
    if (views === undefined) {
      views = new Map();
      this.views.set(place, views);
    }
    let view = views.get(B);
    if (view === undefined) {
      view = stateRows(this.backend, place.state, 0, B);
      views.set(B, view);
    }
    return view;
  }
}
