/** Makes the content of the page of `charnn visualize` for a model of texts. */
import { type Analysis, predictionsOf, type Unit } from '../../analyse/analysis.js';
import { inputDependence } from '../../analyse/input-dependence.js';
import type { Predictions } from '../../analyse/predictions.js';
import {
  type LayerRecord,
  recordedQuantities,
  recordSteps,
  type StepRecord,
} from '../../analyse/step-record.js';
import type { Scope } from '../../backend/device.js';
import { quote } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import type { VisualizeData } from '../../pages/data.js';
import { blob } from '../../pages/encode-blobs.js';
import { symbolName } from '../../published/page-content.js';
import type { Ids } from '../../text/unit.js';

/** Number of characters whose predictions the page decodes at once, when they are first shown */
const partLength = 1 << 15;
/** Max number of characters at which gates and states are recorded, and max total number of values recorded */
const maxRecorded = 4000;
const maxValues = 6e6;
/** Number of predictions whose dependence on earlier characters is recorded, and how many of these characters */
const maxPredictions = 200;
const maxBack = 100;
/** Gates and states are recorded as whole multiples of 1 / `fineness` */
const fineness = 1000;

/** The predictions whose dependence on the K characters before them was measured, and the norms of the gradients */
interface Dependence {
  /** Index in the text of the first character whose prediction was measured */
  readonly first: number;
  readonly count: number;
  readonly K: number;
  /**
   * For each of the `count` predictions, the norms of its gradients with respect to the K characters before it, the
   * nearest first
   */
  readonly norms: Float32Array;
}

export interface Reading {
  readonly model: Model;
  /** The name of the model's file */
  readonly name: string;
  readonly provenance: string;
  readonly seen: Analysis;
  readonly units: readonly Unit[];
  readonly ids: Ids;
  readonly charactersInAll: number;
  readonly steps: StepRecord;
  readonly dependence: Dependence | undefined;
  readonly other: OtherReading | undefined;
}

/** What a model expected at each character; K guesses, whose ids are those of the page's first model */
type Expected = Pick<Predictions, 'surprise' | 'guesses' | 'probabilities' | 'K'>;

interface OtherReading extends Expected {
  readonly name: string;
}

/** Records gates and states along the beginning of the text, as far as the page can hold them. */
export function stepsOf(model: Model, device: Scope, ids: Ids, units: number): Promise<StepRecord> {
  const fitting = Math.floor(maxValues / (units * recordedQuantities(model.config).length));
  return recordSteps(model, device, ids.subarray(0, Math.min(maxRecorded, fitting)) as Ids);
}

/**
 * Measures, near the beginning of a text, how much predictions depend on each of the K characters before them;
 * undefined if the text is too short.
 */
export async function dependenceOf(
  { config, weights }: Model,
  device: Scope,
  ids: Ids,
): Promise<Dependence | undefined> {
  const K = Math.min(maxBack, Math.floor(ids.length / 3));
  const count = Math.min(maxPredictions, ids.length - K);
  if (K < 1 || count < 1) return undefined;
  const norms = await inputDependence(device, config, weights, ids, { first: K - 1, count, K });
  return { first: K, count, K, norms };
}

/**
 * Reads the same characters with a second model, which may have a different vocabulary. A character that the first
 * model does not know counts as unknown to both.
 * @param K number of guesses; if the second model has fewer symbols, the rest have the probability 0
 */
export async function otherReading(
  other: Model,
  name: string,
  { vocabulary }: Model,
  device: Scope,
  ids: Ids,
  K: number,
): Promise<OtherReading> {
  const translated = [
    ...vocabulary.symbols.map((symbol) => other.vocabulary.id(symbol)),
    other.vocabulary.unknownId,
  ];
  const back = [
    ...other.vocabulary.symbols.map((symbol) => vocabulary.id(symbol)),
    vocabulary.unknownId,
  ];
  const read = Uint32Array.from(ids, (id) => translated[id]);
  const found = await predictionsOf(other, device, read, K);
  const guesses = new Uint32Array(ids.length * K);
  const probabilities = new Float32Array(ids.length * K);
  for (let at = 0; at < ids.length; at++) {
    for (let k = 0; k < found.K; k++) {
      guesses[at * K + k] = back[found.guesses[at * found.K + k]];
      probabilities[at * K + k] = found.probabilities[at * found.K + k];
    }
  }
  return { name: quote(name), surprise: found.surprise, guesses, probabilities, K };
}

function meanOf(surprise: Float32Array): number {
  let bits = 0;
  for (const x of surprise) bits += x;
  return surprise.length > 1 ? bits / (surprise.length - 1) : 0;
}

export function readingData(reading: Reading): VisualizeData {
  const { model, name, provenance, seen, units, ids } = reading;
  const { charactersInAll, steps, dependence, other } = reading;
  const { config, vocabulary } = model;
  const { predictions, saturation, findings, searched } = seen;
  const { cell, layers, hidden } = config;
  const characters = ids.length;
  const rounded = (x: number) => Number(x.toFixed(4));
  return {
    provenance,
    name: quote(name),
    model: `${layers} × ${cell} of ${hidden}`,
    characters,
    charactersInAll,
    symbols: Array.from({ length: vocabulary.size }, (_, id) => symbolName(vocabulary, id)),
    meanSurprise: meanOf(predictions.surprise),
    other: other && { name: other.name, meanSurprise: meanOf(other.surprise) },
    guesses: predictions.K,
    partLength,
    layers,
    hidden,
    units,
    findings: findings.map(({ feature, units }) => ({
      feature,
      units: units.map(({ layer, unit, heldOut }) => ({ layer, unit, score: rounded(heldOut) })),
    })),
    searched,
    quantities: steps.quantities,
    recorded: steps.layers[0][0].length / hidden,
    dependence: dependence && { first: dependence.first, count: dependence.count, K: dependence.K },
    saturation: saturation.map(({ layer, gate, left, right }) => ({
      layer,
      gate,
      left: Array.from(left, rounded),
      right: Array.from(right, rounded),
    })),
  };
}

export function* readingBlobs(
  { model, ids, seen: { predictions }, units, steps, dependence, other }: Reading,
  recorded: readonly Int8Array[],
): Generator<[id: string, base64: string]> {
  const packed = (values: ArrayLike<number>) =>
    model.vocabulary.size <= 256 ? Uint8Array.from(values) : Uint32Array.from(values);
  yield ['ids', blob(packed(ids))];
  yield* expectedBlobs('', predictions, packed);
  if (other !== undefined) yield* expectedBlobs('other-', other, packed);
  for (const [i, { layer, unit }] of units.entries()) {
    yield [`unit-${layer}-${unit}`, blob(recorded[i])];
    yield [`steps-${layer}-${unit}`, blob(stepsOfUnit(steps.layers[layer], unit, model))];
  }
  if (dependence !== undefined) yield ['dependence', blob(shares(dependence))];
}

function* expectedBlobs(
  prefix: string,
  { surprise, guesses, probabilities, K }: Expected,
  packed: (ids: ArrayLike<number>) => Uint8Array | Uint32Array,
): Generator<[id: string, base64: string]> {
  yield [`${prefix}surprise`, blob(Uint8Array.from(surprise, (x) => Math.min(255, x * 16)))];
  for (let from = 0; from < surprise.length; from += partLength) {
    const part = [from * K, Math.min(surprise.length, from + partLength) * K] as const;
    const bytes = Buffer.concat([
      new Uint8Array(packed(guesses.subarray(...part)).buffer),
      Uint8Array.from(probabilities.subarray(...part), (p) => Math.round(255 * Math.sqrt(p))),
    ]);
    yield [`${prefix}guesses-${from / partLength}`, blob(bytes)];
  }
}

/**
 * The gates and states of a unit at each character, one quantity after the other, in thousandths; values are limited to
 * the range from -32 to 32
 */
function stepsOfUnit(record: LayerRecord, unit: number, { config }: Model): Int16Array {
  const H = config.hidden;
  const T = record[0].length / H;
  return Int16Array.from({ length: record.length * T }, (_, i) => {
    const value = record[Math.floor(i / T)][(i % T) * H + unit];
    return Math.round(fineness * Math.max(-32, Math.min(32, value)));
  });
}

/** Encodes the norm of each gradient as a byte: 255 · √(norm / the largest norm of the same prediction) */
function shares({ norms, K }: Dependence): Uint8Array {
  const shares = new Uint8Array(norms.length);
  for (let from = 0; from < norms.length; from += K) {
    const greatest = Math.max(...norms.subarray(from, from + K));
    if (!(greatest > 0)) continue;
    for (let i = from; i < from + K; i++) {
      shares[i] = Math.round(255 * Math.sqrt(norms[i] / greatest));
    }
  }
  return shares;
}
