/** A complete analysis of a model on a text: predictions, gates, and units that follow features. */
import { type Scope, withScope } from '../backend/device.js';
import type { Model } from '../model/model-data.js';
import type { Ids } from '../text/unit.js';
import { type Activations, recordActivations } from './activations.js';
import { textFeatures } from './features.js';
import { Predictions } from './predictions.js';
import { type GateSaturation, Saturation } from './saturation.js';
import { type FeatureFinding, UnitSearch } from './unit-search.js';

export interface Analysis {
  readonly predictions: Predictions;
  readonly saturation: readonly GateSaturation[];
  readonly findings: readonly FeatureFinding[];
  /** Number of characters that the search for units has read; scores are measured on the second half of them */
  readonly searched: number;
}

/** Max characters that the search for units reads; a longer text would not make the result more reliable */
const maxSearched = 300_000;

/**
 * Analyses a model on a text.
 * @param guesses number of most probable characters that are recorded at each position
 */
export async function analyse(
  model: Model,
  device: Scope,
  ids: Ids,
  guesses: number,
): Promise<Analysis> {
  const { hidden, layers, vocabulary } = model.config;
  const predictions = new Predictions(
    ids,
    vocabulary,
    Math.min(guesses, vocabulary),
    model.vocabulary,
  );
  const saturation = new Saturation(model.config);
  const searched = Math.min(ids.length, maxSearched);
  const features = textFeatures(ids.subarray(0, searched), model.vocabulary);
  const search = new UnitSearch(features, hidden, layers, searched);
  const take = (activations: Activations) => {
    predictions.take(activations);
    saturation.take(activations);
    search.take(activations);
  };
  await withScope(device, (backend) => recordActivations(model, backend, ids, take));
  return {
    predictions,
    saturation: saturation.result(),
    findings: search.findings(),
    searched,
  };
}

/**
 * What a model expects at each character of a text.
 * @param guesses number of most probable characters that are recorded at each position
 */
export async function predictionsOf(
  model: Model,
  device: Scope,
  ids: Ids,
  guesses: number,
): Promise<Predictions> {
  const { vocabulary } = model.config;
  const K = Math.min(guesses, vocabulary);
  const predictions = new Predictions(ids, vocabulary, K, model.vocabulary);
  const take = (activations: Activations) => predictions.take(activations);
  await withScope(device, (backend) => recordActivations(model, backend, ids, take));
  return predictions;
}

/** How surprising each character of a text is to a model, in bits; 0 for the first, which is not predicted */
export async function surpriseOf(model: Model, device: Scope, ids: Ids): Promise<Float32Array> {
  return (await predictionsOf(model, device, ids, 1)).surprise;
}

/** One of the recurrent units, by layer and index from 0. */
export interface Unit {
  readonly layer: number;
  readonly unit: number;
}

/**
 * The values of units at every character, scaled from -1 … 1 to integers from -127 to 127.
 * @returns [characters] for each unit, in their order
 */
export async function recordUnits(
  model: Model,
  device: Scope,
  ids: Ids,
  units: readonly Unit[],
): Promise<Int8Array[]> {
  const H = model.config.hidden;
  const recorded = units.map(() => new Int8Array(ids.length));
  const take = ({ rows, starts, lengths, memory }: Activations) => {
    units.forEach(({ layer, unit }, u) => {
      const [values, held] = [recorded[u], memory[layer]];
      starts.forEach((start, row) => {
        for (let t = 0; t < lengths[row]; t++) {
          values[start + t] = Math.round(127 * held[(t * rows + row) * H + unit]);
        }
      });
    });
  };
  await withScope(device, (backend) => recordActivations(model, backend, ids, take));
  return recorded;
}
