/** Beam search: the most probable records that can be found with a limited number of candidates. */
import type { Backend, SharedTensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { overflowError } from '../model/overflow.js';
import { type Place, Predictor } from '../predict/predictor.js';
import type { Beginning } from './batch.js';
import type { ConstraintState } from './pattern/constraint.js';
import { readPrompt } from './read-prompt.js';
import { constraintFor, type SampleSettings } from './settings.js';
import { StopMatcher } from './stop-matcher.js';

export interface BeamResult {
  readonly ids: readonly number[];
  /** Sum of the log-probabilities of the record's characters, including the end */
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

/** A possible next character of a candidate: the candidate's row, and the log-probability of the record with it */
interface Extension {
  readonly row: number;
  readonly id: number;
  readonly logProbability: number;
}

export interface BeamSearch {
  /** Ids of the prompt, which the records continue */
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
 * Keeps the `width` most probable beginnings after each character, until that many records have ended. A width of 1 is
 * greedy sampling.
 * @returns records that have ended or reached the max length, best first; at most `width`
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
  const { countsWeight } = settings;
  const beginning = readPrompt(model, backend, weights, prompt, countsWeight);
  const predictor = new Predictor(backend, network, width, model.counts, countsWeight);
  const beam = new Beam(predictor, beginning, settings, width);
  return beam.search(constraintFor(settings, model.vocabulary), pause);
}

class Beam {
  private place: Place;
  private reordered: Place;
  private readonly logitMask: Uint8Array;

  constructor(
    private readonly predictor: Predictor,
    private readonly beginning: Beginning,
    private readonly settings: SampleSettings,
    private readonly width: number,
  ) {
    this.place = predictor.createPlace(width);
    this.reordered = predictor.createPlace(width);
    this.logitMask = new Uint8Array(predictor.vocabulary - 1);
  }

  async search(
    constraint: ConstraintState | undefined,
    pause: BeamSearch['pause'],
  ): Promise<BeamResult[]> {
    const { settings, width, predictor, beginning } = this;
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
    predictor.copyRow(this.place, 0, beginning.place, 0);
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

  /** The most probable next characters over all candidates, best first. */
  private async extensions(active: readonly Candidate[]): Promise<Extension[]> {
    const { predictor, logitMask, width } = this;
    const V = predictor.vocabulary;
    const logits = await predictor.step(
      this.place,
      active.map(({ id }) => id),
    );
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
    const { predictor, place, reordered } = this;
    predictor.gather(reordered, place, rows);
    [this.place, this.reordered] = [reordered, place];
  }
}

function idsOf(candidate: Candidate): number[] {
  const ids: number[] = [];
  for (let at = candidate; at.before !== undefined; at = at.before) ids.push(at.id);
  return ids.reverse();
}

/**
 * log Σ exp of a row's logits
 * @throws CharnnError for a model whose weights overflow
 */
function logSum(logits: Float32Array, start: number, count: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < count; id++) max = Math.max(max, logits[start + id]);
  let sum = 0;
  for (let id = 0; id < count; id++) sum += Math.exp(logits[start + id] - max);
  const total = max + Math.log(sum);
  if (!Number.isFinite(total)) throw overflowError();
  return total;
}
