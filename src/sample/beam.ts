/** Beam search: the most probable records that can be found with a limited number of candidates. */
import type { Backend, Indices, SharedTensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import type { Network, State } from '../model/network.js';
import { stateRows } from '../model/network-state.js';
import type { Beginning } from './batch.js';
import type { ConstraintState } from './pattern/constraint.js';
import { readPrompt } from './read-prompt.js';
import { constraintFor, type SampleSettings } from './settings.js';
import { StopMatcher } from './stop-matcher.js';

export interface BeamResult {
  readonly ids: readonly number[];
  /** Σ of its characters' log-probabilities, that of the end included */
  readonly logProbability: number;
  /** Mean log-probability of a character, by which records of different length are compared */
  readonly mean: number;
}

/** One character of a candidate, and a link to the characters before it */
interface Candidate {
  readonly id: number;
  readonly before: Candidate | undefined;
  /** Number of characters drawn so far */
  readonly length: number;
  readonly logProbability: number;
  readonly stops: StopMatcher;
  readonly constraint: ConstraintState | undefined;
}

/** A candidate's next character: its row, and how probable the whole is then */
interface Extension {
  readonly row: number;
  readonly id: number;
  readonly logProbability: number;
}

export interface BeamSearch {
  /** Ids that the records continue */
  readonly prompt: ArrayLike<number>;
  readonly settings: SampleSettings;
  /** How many candidates are kept after each character */
  readonly width: number;
  /** The model's weights, if the device holds them already */
  readonly weights?: SharedTensor | undefined;
  /** Called before each character; the search waits for what it returns. */
  readonly pause?: (() => void | Promise<void>) | undefined;
}

/**
 * Keeps the `width` most probable beginnings after each character, until as many have ended. With a
 * width of 1 it is greedy sampling.
 * @returns what has ended or reached the length, best first; at most `width`
 */
export async function beamSearch(
  model: Model,
  device: Scope,
  search: BeamSearch,
): Promise<BeamResult[]> {
  return withScope(device, (backend) => searchOn(backend, model, search));
}

function searchOn(backend: Backend, model: Model, search: BeamSearch): Promise<BeamResult[]> {
  const { prompt, settings, width, weights: loaded, pause } = search;
  const weights = loaded ? backend.attach(loaded) : loadWeights(model, backend);
  const capacity = { maxRows: width, maxBatch: width };
  const network = networkOf(model.config, backend, weights, capacity);
  const beginning = readPrompt(model, backend, weights, prompt);
  const beam = new Beam(backend, network, beginning, settings, width);
  return beam.search(constraintFor(settings, model.vocabulary), pause);
}

class Beam {
  private readonly state: State;
  private readonly reordered: State;
  private readonly logits: Float32Array;
  private readonly logitMask: Uint8Array;
  /** Memory for one index for each row */
  private readonly indices: Indices;

  constructor(
    private readonly backend: Backend,
    private readonly network: Network,
    private readonly beginning: Beginning,
    private readonly settings: SampleSettings,
    private readonly width: number,
  ) {
    const { vocabulary } = network.config;
    this.state = network.createState(width);
    this.reordered = network.createState(width);
    this.logits = new Float32Array(width * vocabulary);
    this.logitMask = new Uint8Array(vocabulary - 1);
    this.indices = backend.indices(width);
  }

  async search(
    constraint: ConstraintState | undefined,
    pause: BeamSearch['pause'],
  ): Promise<BeamResult[]> {
    const { settings, width, backend, beginning } = this;
    let active: Candidate[] = [
      {
        id: beginning.id,
        before: undefined,
        length: 0,
        logProbability: 0,
        stops: new StopMatcher(settings.stops),
        constraint,
      },
    ];
    const ended: BeamResult[] = [];
    const empty = constraint && !constraint.writeMask(this.logitMask, settings.length);
    if (settings.length === 0 || empty) return [{ ids: [], logProbability: 0, mean: 0 }];
    this.copyRows(stateRows(backend, this.state, 0, 1), beginning.state, [0]);
    while (active.length > 0 && ended.length < width) {
      await pause?.();
      const next: Candidate[] = [];
      const rows: number[] = [];
      for (const extension of await this.extensions(active)) {
        const { candidate, result } = this.extend(active[extension.row], extension);
        if (result) ended.push(result);
        else {
          next.push(candidate);
          rows.push(extension.row);
        }
      }
      this.reorder(rows);
      active = next;
    }
    return ended.sort((a, b) => b.mean - a.mean).slice(0, width);
  }

  /** The most probable next characters over all candidates; best first. */
  private async extensions(active: readonly Candidate[]): Promise<Extension[]> {
    const { backend, network, logits, logitMask, width } = this;
    const B = active.length;
    const V = network.config.vocabulary;
    const input = backend.viewIndices(this.indices, 0, B);
    backend.writeIndices(
      input,
      active.map(({ id }) => id),
    );
    const output = network.forward(input, 1, B, stateRows(backend, this.state, 0, B));
    await backend.read(output, logits.subarray(0, B * V));
    const best: Extension[] = [];
    active.forEach(({ logProbability, constraint, length }, row) => {
      logitMask.fill(1);
      constraint?.writeMask(logitMask, this.settings.length - length);
      const whole = logProbability - logSum(logits, row * V, V - 1);
      for (let id = 0; id < V - 1; id++) {
        if (logitMask[id] === 0) continue;
        const value = whole + logits[row * V + id];
        if (best.length === width && value <= best[width - 1].logProbability) continue;
        if (best.length === width) best.pop();
        let at = best.length;
        while (at > 0 && best[at - 1].logProbability < value) at--;
        best.splice(at, 0, { row, id, logProbability: value });
      }
    });
    return best;
  }

  private extend(before: Candidate, { id, logProbability }: Extension) {
    const { length: maxLength } = this.settings;
    const stops = before.stops.copy();
    const end = stops.push(id);
    const constraint = before.constraint?.after(id);
    const length = before.length + 1;
    const candidate = { id, before, length, logProbability, stops, constraint };
    const left = before.constraint !== undefined && constraint === undefined;
    const over =
      length >= maxLength || constraint?.writeMask(this.logitMask, maxLength - length) === false;
    if (!left && end === undefined && !over) return { candidate, result: undefined };
    const ids = idsOf(candidate);
    if (left) ids.pop();
    if (end !== undefined && !end.kept) ids.length -= end.ids.length;
    return { candidate, result: { ids, logProbability, mean: logProbability / length } };
  }

  private reorder(rows: readonly number[]): void {
    if (rows.length === 0) return;
    const { backend } = this;
    this.copyRows(stateRows(backend, this.reordered, 0, rows.length), this.state, rows);
    const order = Array.from(rows, (_, i) => i);
    this.copyRows(stateRows(backend, this.state, 0, rows.length), this.reordered, order);
  }

  /** Copies rows: to[i] = from[rows[i]]. */
  private copyRows(to: State, from: State, rows: readonly number[]): void {
    const { backend } = this;
    const ids = backend.viewIndices(this.indices, 0, rows.length);
    backend.writeIndices(ids, rows);
    to.forEach((layer, l) => {
      layer.forEach((s, k) => {
        backend.gather(s, from[l][k], ids);
      });
    });
  }
}

function idsOf(candidate: Candidate): number[] {
  const ids: number[] = [];
  for (let at = candidate; at.before !== undefined; at = at.before) ids.push(at.id);
  return ids.reverse();
}

/** log Σ exp of a row's logits */
function logSum(logits: Float32Array, start: number, count: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < count; id++) max = Math.max(max, logits[start + id]);
  let sum = 0;
  for (let id = 0; id < count; id++) sum += Math.exp(logits[start + id] - max);
  return max + Math.log(sum);
}
