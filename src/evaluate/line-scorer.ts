/** The losses of many short texts, each scored separately, read in parallel. */
import type { Backend, Indices, Tensor } from '../backend/backend.js';
import type { Network, State } from '../model/network.js';
import { clearState, stateRows } from '../model/network-state.js';
import type { Judge } from '../model/segmented-evaluator.js';
import type { UnknownSymbol } from '../text/vocabulary.js';

/**
 * Rows and steps of a chunk: enough for fast matrix products, but few enough for the activations to stay in the cache. A
 * row goes on to the end of the chunk in which its line ends, so that longer chunks would also waste more steps.
 */
export const lineRows = 64;
export const lineSteps = 8;

/** The loss of one line under one model */
export interface LineLoss {
  /** Sum of the losses of all characters, including the line end */
  readonly nats: number;
  readonly characters: number;
  /** How many of the characters the model does not know */
  readonly unknown: number;
  /** The loss of each character, if it is wanted */
  readonly losses: Float32Array | undefined;
}

interface Sum extends LineLoss {
  nats: number;
  unknown: number;
}

/**
 * Adds to a line's losses what its unknown characters cost in addition to the unknown symbol.
 * @param ids of the line; the first was only read, all others were predicted
 * @param loss is changed
 */
export function addUnknownCost(
  ids: ArrayLike<number>,
  loss: Sum,
  { unknownId, unknownCost }: UnknownSymbol,
): void {
  for (let i = 1; i < ids.length; i++) {
    if (ids[i] !== unknownId) continue;
    loss.unknown++;
    loss.nats += unknownCost;
    if (loss.losses) loss.losses[i - 1] += unknownCost;
  }
}

export class LineScorer {
  private readonly inputs = new Int32Array(lineRows * lineSteps);
  private readonly targets = new Int32Array(lineRows * lineSteps);
  private readonly losses = new Float32Array(lineRows * lineSteps);
  private readonly inputBuffer: Indices;
  private readonly targetBuffer: Indices;
  private readonly state: State;
  private readonly logits: Float32Array;

  /**
   * @param network has memory for chunks of `lineSteps` steps and `lineRows` rows
   * @param characters whether each character's loss is wanted
   * @param unknown the id that unknown characters have, and what each costs in addition to the unknown symbol
   * @param judge gives the cost of each character in place of the network
   */
  constructor(
    private readonly backend: Backend,
    private readonly network: Network,
    private readonly characters: boolean,
    private readonly unknown: UnknownSymbol,
    private readonly judge?: Judge,
  ) {
    this.inputBuffer = backend.indices(lineRows * lineSteps);
    this.targetBuffer = backend.indices(lineRows * lineSteps);
    this.state = network.createState(lineRows);
    const rows = judge ? lineRows * lineSteps : 0;
    this.logits = new Float32Array(rows * network.config.vocabulary);
  }

  /**
   * @param lines ids; the first of each line is only read, all others are predicted
   * @returns losses in nats, of each line's characters except the first
   */
  async score(lines: readonly ArrayLike<number>[]): Promise<LineLoss[]> {
    const results = lines.map(({ length }): Sum => {
      const characters = Math.max(0, length - 1);
      const losses = this.characters ? new Float32Array(characters) : undefined;
      return { nats: 0, characters, unknown: 0, losses };
    });
    // longest lines first, so that the lines which are not finished are always the first rows
    const order = lines
      .map((_, i) => i)
      .sort((a, b) => results[b].characters - results[a].characters);
    for (let from = 0; from < order.length; from += lineRows) {
      const group = order.slice(from, from + lineRows);
      await this.scoreGroup(
        group.map((i) => lines[i]),
        group.map((i) => results[i]),
      );
    }
    lines.forEach((line, i) => {
      addUnknownCost(line, results[i], this.unknown);
    });
    return results;
  }

  private async scoreGroup(
    lines: readonly ArrayLike<number>[],
    results: readonly Sum[],
  ): Promise<void> {
    const { backend } = this;
    clearState(backend, this.state);
    let B = lines.length;
    for (let from = 0; ; from += lineSteps) {
      while (B > 0 && results[B - 1].characters <= from) B--;
      if (B === 0) return;
      const T = Math.min(lineSteps, results[0].characters - from);
      const losses = await this.chunk(lines, from, T, B);
      for (let row = 0; row < B; row++) {
        const result = results[row];
        const end = Math.min(T, result.characters - from);
        for (let t = 0; t < end; t++) {
          const loss = losses[t * B + row];
          result.nats += loss;
          if (result.losses) result.losses[from + t] = loss;
        }
      }
    }
  }

  /** @returns losses [T, B]; values beyond a line's end are meaningless */
  private async chunk(
    lines: readonly ArrayLike<number>[],
    from: number,
    T: number,
    B: number,
  ): Promise<Float32Array> {
    const { backend, inputs, targets } = this;
    for (let row = 0; row < B; row++) {
      const line = lines[row];
      for (let t = 0; t < T; t++) {
        const inside = from + t + 1 < line.length;
        inputs[t * B + row] = inside ? line[from + t] : 0;
        targets[t * B + row] = inside ? line[from + t + 1] : 0;
      }
    }
    const inputIds = backend.viewIndices(this.inputBuffer, 0, T * B);
    const targetIds = backend.viewIndices(this.targetBuffer, 0, T * B);
    backend.writeIndices(inputIds, inputs.subarray(0, T * B));
    backend.writeIndices(targetIds, targets.subarray(0, T * B));
    const output = this.network.forward(inputIds, T, B, stateRows(backend, this.state, 0, B));
    if (this.judge !== undefined) return this.judged(this.judge, output, lines, from, T, B);
    const losses = this.network.loss(targetIds, 0);
    return (await backend.read(losses, this.losses.subarray(0, T * B))) as Float32Array;
  }

  private async judged(
    judge: Judge,
    output: Tensor,
    lines: readonly ArrayLike<number>[],
    from: number,
    T: number,
    B: number,
  ): Promise<Float32Array> {
    const V = this.network.config.vocabulary;
    const logits = this.logits.subarray(0, T * B * V);
    await this.backend.read(output, logits);
    for (let row = 0; row < B; row++) {
      const end = Math.min(T, lines[row].length - 1 - from);
      for (let t = 0; t < end; t++) {
        this.losses[t * B + row] = judge(logits, (t * B + row) * V, lines[row], from + t + 1);
      }
    }
    return this.losses.subarray(0, T * B);
  }
}
