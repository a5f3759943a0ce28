/**
 * The loss of a whole text, statefully: every character is predicted from all that came before it.
 *
 * To read a long text at the speed of a batch it is cut into segments that are read side by side. Each
 * segment but the first starts `warmup` characters early, uncounted, so that its state has forgotten the
 * zeros it began with: the result is that of one long run to well below the noise of any comparison.
 * The cut depends on the text's length alone, so the result does not depend on batch size or threads.
 */
import type { Backend, Indices } from '../backend/backend.js';
import { DocumentMarker, type Documents } from '../text/documents.js';
import type { Ids } from '../text/unit.js';
import type { Network, State } from './network.js';
import { clearState, stateRows } from './network-state.js';

const minSegmentLength = 4096;
const maxSegments = 32;
/** Number of characters that a segment begins early, so that its state warms up. */
export const warmup = 256;

export interface Segments {
  readonly count: number;
  /** Number of predicted characters of a segment; the last segment may have fewer. */
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
 * Says what a character costs, in nats, by more than the network.
 * @param logits the network's; the row begins at `start`
 * @param ids the text, in which the character stands at `at`
 */
export type Judge = (
  logits: Float32Array,
  start: number,
  ids: ArrayLike<number>,
  at: number,
) => number;

/** Reads a text's segments [first, first + rows) through a network, T steps at a time. */
export class SegmentedEvaluator {
  private readonly inputs: Int32Array;
  private readonly targets: Int32Array;
  private readonly inputBuffer: Indices;
  private readonly targetBuffer: Indices;
  private readonly state: State;
  private logits = new Float32Array(0);
  /** Σ of what the judge said in the latest `total`, in nats */
  judged = 0;

  /** @param T steps a chunk; T · rows must fit the network */
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
  }

  /**
   * Σ of the losses of these segments' characters, in nats.
   * @param stopped asked between chunks; when it says yes the result is not a number
   * @param judge asked for the same characters
   */
  async total(
    ids: Ids,
    segments: Segments,
    stopped: () => boolean | Promise<boolean> = () => false,
    judge?: Judge,
  ): Promise<number> {
    this.judged = 0;
    this.resetRows(0, this.rows);
    let total = 0;
    let from = segments.count > 1 ? -warmup : 0;
    while (from < segments.length) {
      if (await stopped()) return Number.NaN;
      // no chunk crosses the end of the warm-up, where the first segment starts from zero
      const steps = Math.min(this.T, (from < 0 ? 0 : segments.length) - from);
      total += await this.chunk(ids, segments, from, steps, from >= 0, judge);
      from += steps;
      if (from === 0 && this.first === 0) this.resetRows(0, 1);
    }
    return total;
  }

  private async chunk(
    ids: Ids,
    { length }: Segments,
    from: number,
    T: number,
    counted: boolean,
    judge: Judge | undefined,
  ): Promise<number> {
    const { backend, rows } = this;
    const last = ids.length - 1;
    const marker = this.documents && new DocumentMarker(ids, this.documents);
    for (let row = 0; row < rows; row++) {
      const start = (this.first + row) * length + from;
      for (let t = 0; t < T; t++) {
        const at = start + t;
        const inside = at >= 0 && at < last;
        this.inputs[t * rows + row] = inside ? ids[at] : 0;
        this.targets[t * rows + row] = inside ? ids[at + 1] : 0;
      }
      marker?.mark(start, T, row, rows, this.inputs);
    }
    const inputs = backend.viewIndices(this.inputBuffer, 0, T * rows);
    backend.writeIndices(inputs, this.inputs.subarray(0, T * rows));
    const logits = this.network.forward(inputs, T, rows, this.state, undefined, marker?.resets);
    if (!counted) return 0;
    const targets = backend.viewIndices(this.targetBuffer, 0, T * rows);
    backend.writeIndices(targets, this.targets.subarray(0, T * rows));
    if (judge !== undefined) {
      if (this.logits.length !== logits.size) this.logits = new Float32Array(logits.size);
      await backend.read(logits, this.logits);
    }
    const losses = await backend.read(this.network.loss(targets, 0));
    const V = this.network.config.vocabulary;
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const inside = Math.min(T, last - ((this.first + row) * length + from));
      for (let t = 0; t < inside; t++) sum += losses[t * rows + row];
      if (judge === undefined) continue;
      const start = (this.first + row) * length + from + 1;
      for (let t = 0; t < inside; t++) {
        this.judged += judge(this.logits, (t * rows + row) * V, ids, start + t);
      }
    }
    return sum;
  }

  private resetRows(first: number, count: number): void {
    clearState(this.backend, stateRows(this.backend, this.state, first, count));
  }
}
