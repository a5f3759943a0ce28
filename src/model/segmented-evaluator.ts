/**
 * The loss of a whole text, where every character is predicted from all that came before it.
 *
 * To read a long text at the speed of a batch, it is cut into segments that are read in parallel. Each segment except
 * the first has a lead-in: `warmup` preceding characters, which do not count, so that its state has forgotten the zeros
 * it began with. The result differs from that of reading the text as one by far less than any comparison could notice.
 * The cut depends only on the text's length, so the result does not depend on batch size or threads.
 */
import {
  type Answer,
  type Backend,
  type Indices,
  isPending,
  type Tensor,
} from '../backend/backend.js';
import { DocumentMarker, type Documents } from '../text/documents.js';
import type { Ids } from '../text/unit.js';
import { LabelFeed } from './label-feed.js';
import type { Network, State } from './network.js';
import { clearState, stateRows } from './network-state.js';

const minSegmentLength = 4096;
const maxSegments = 32;
/** Number of characters that are read before a segment and not counted, so that the state settles. */
export const warmup = 256;

export interface Segments {
  readonly count: number;
  /** Number of predicted characters in a segment; the last segment may have fewer. */
  readonly length: number;
}

/** The segments of a text of `characters` characters */
export function segmentText(characters: number): Segments {
  const predicted = Math.max(0, characters - 1);
  const fitting = Math.floor(predicted / minSegmentLength);
  const count = Math.max(1, Math.min(maxSegments, fitting));
  return { count, length: Math.ceil(predicted / count) };
}

/**
 * Gives the cost of a character in nats, from the prediction of the network and other predictions.
 * @param logits the network's; the row begins at `start`
 * @param ids the text, in which the character is at index `at`
 */
export type Judge = (
  logits: Float32Array,
  start: number,
  ids: ArrayLike<number>,
  at: number,
) => number;

/** Views of the buffers for chunks of one length */
interface ChunkViews {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly inputIndices: Indices;
  readonly targetIndices: Indices;
  readonly losses: Float32Array | Float64Array;
}

/** Reads a text's segments [first, first + rows) through a network, T steps at a time. */
export class SegmentedEvaluator {
  private readonly inputs: Int32Array;
  private readonly targets: Int32Array;
  private readonly inputBuffer: Indices;
  private readonly targetBuffer: Indices;
  private readonly views = new Map<number, ChunkViews>();
  private readonly state: State;
  private readonly labels: LabelFeed;
  private logits = new Float32Array(0);
  /** Sum of the costs that the function `judge` gave in the latest call of `total`, in nats */
  judged = 0;

  /** @param T number of steps in a chunk; the network must have memory for T · rows */
  constructor(
    private readonly backend: Backend,
    private readonly network: Network,
    private readonly first: number,
    private readonly rows: number,
    private readonly T: number,
    private readonly documents?: Documents,
  ) {
    this.inputs = new Int32Array(T * rows);
    this.targets = new Int32Array(T * rows);
    this.inputBuffer = backend.indices(T * rows);
    this.targetBuffer = backend.indices(T * rows);
    this.state = network.createState(rows);
    this.labels = new LabelFeed(backend, T * rows);
  }

  /**
   * Sum of the losses of the characters in these segments, in nats.
   * @param stopped asked between chunks; if it returns true the result is NaN
   * @param judge gives other costs of the same characters; their sum is then in `judged`
   */
  async total(
    ids: Ids,
    segments: Segments,
    stopped: () => Answer<boolean> = () => false,
    judge?: Judge,
  ): Promise<number> {
    this.judged = 0;
    this.resetRows(0, this.rows);
    let total = 0;
    let from = segments.count > 1 ? -warmup : 0;
    while (from < segments.length) {
      // an answer that is already there is not awaited, because one promise per chunk would be garbage that adds up
      // over many short texts
      const stop = stopped();
      if (isPending(stop) ? await stop : stop) return Number.NaN;
      // no chunk contains both characters before a segment and characters of it, because the first segment, which has
      // none before it, starts from a zero state
      const steps = Math.min(this.T, (from < 0 ? 0 : segments.length) - from);
      const nats = this.chunk(ids, segments, from, steps, judge);
      total += isPending(nats) ? await nats : nats;
      from += steps;
      if (from === 0 && this.first === 0) this.resetRows(0, 1);
    }
    return total;
  }

  /**
   * Reads a chunk. @returns the sum of its losses; 0 for a chunk of characters before a segment, which are not counted
   */
  private chunk(
    ids: Ids,
    segments: Segments,
    from: number,
    T: number,
    judge: Judge | undefined,
  ): Answer<number> {
    const { backend, network } = this;
    const views = this.viewsOf(T);
    const marks = this.fill(ids, segments, from, T);
    const labels = this.labels.write(marks?.labels, T * this.rows);
    backend.writeIndices(views.inputIndices, views.inputs);
    const output = network.forward(
      ...([
        views.inputIndices,
        T,
        this.rows,
        this.state,
        undefined,
        marks?.resets,
        labels,
      ] as const),
    );
    if (from < 0) return 0;
    backend.writeIndices(views.targetIndices, views.targets);
    const { losses } = views;
    if (judge === undefined) {
      const read = backend.read(network.loss(views.targetIndices, 0), losses);
      if (!isPending(read)) return this.sum(ids, segments, from, T, losses, judge);
      return read.then(() => this.sum(ids, segments, from, T, losses, judge));
    }
    if (this.logits.length !== output.size) this.logits = new Float32Array(output.size);
    return this.judgedSum(ids, segments, from, T, judge, output);
  }

  private async judgedSum(
    ids: Ids,
    segments: Segments,
    from: number,
    T: number,
    judge: Judge,
    output: Tensor,
  ): Promise<number> {
    const { targetIndices, losses } = this.viewsOf(T);
    await this.backend.read(output, this.logits);
    await this.backend.read(this.network.loss(targetIndices, 0), losses);
    return this.sum(ids, segments, from, T, losses, judge);
  }

  /**
   * Writes the ids that the network reads and those that it has to predict. Returns the rows and steps at which a
   * document begins, so that the state is reset, and the labels of the documents.
   */
  private fill(ids: Ids, { length }: Segments, from: number, T: number) {
    const { rows, inputs, targets } = this;
    const last = ids.length - 1;
    const marker = this.documents && new DocumentMarker(ids, this.documents);
    for (let row = 0; row < rows; row++) {
      const start = (this.first + row) * length + from;
      for (let t = 0; t < T; t++) {
        const at = start + t;
        const inside = at >= 0 && at < last;
        inputs[t * rows + row] = inside ? ids[at] : 0;
        targets[t * rows + row] = inside ? ids[at + 1] : 0;
      }
      marker?.mark(start, T, row, rows, inputs);
    }
    return marker?.marks;
  }

  /** Sums the losses of the characters that lie within the text, and the costs that `judge` gives for the same ones. */
  private sum(
    ids: Ids,
    { length }: Segments,
    from: number,
    T: number,
    losses: ArrayLike<number>,
    judge: Judge | undefined,
  ): number {
    const { rows } = this;
    const last = ids.length - 1;
    const V = this.network.config.vocabulary;
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const start = (this.first + row) * length + from;
      const inside = Math.min(T, last - start);
      for (let t = 0; t < inside; t++) sum += losses[t * rows + row];
      if (judge === undefined) continue;
      for (let t = 0; t < inside; t++) {
        this.judged += judge(this.logits, (t * rows + row) * V, ids, start + 1 + t);
      }
    }
    return sum;
  }

  private viewsOf(T: number): ChunkViews {
    const known = this.views.get(T);
    if (known !== undefined) return known;
    const { backend } = this;
    const size = T * this.rows;
    const views = {
      inputs: this.inputs.subarray(0, size),
      targets: this.targets.subarray(0, size),
      inputIndices: backend.viewIndices(this.inputBuffer, 0, size),
      targetIndices: backend.viewIndices(this.targetBuffer, 0, size),
      losses: backend.dtype === 'float64' ? new Float64Array(size) : new Float32Array(size),
    };
    this.views.set(T, views);
    return views;
  }

  private resetRows(first: number, count: number): void {
    clearState(this.backend, stateRows(this.backend, this.state, first, count));
  }
}
