/**
 * Finds which units follow which features of a text, by Pearson's correlation of a unit's value with the feature. For
 * each feature the unit is chosen on the first half of the text and scored on the second, because among hundreds of
 * units some follow anything by chance on the text they were chosen on.
 */

import type { Activations } from './activations.js';
import type { Feature } from './features.js';

export interface UnitScore {
  readonly layer: number;
  readonly unit: number;
  /** Correlation on the half of the text on which the unit was chosen */
  readonly chosenBy: number;
  /** Correlation on the other half of the text, on which the unit was not chosen: its score */
  readonly heldOut: number;
}

export interface FeatureFinding {
  readonly feature: string;
  /** The units that follow this feature best in the first half of the text, best first */
  readonly units: readonly UnitScore[];
}

/**
 * The sums over one half of the text from which the correlations of one layer's units with all features are computed
 */
interface Sums {
  count: number;
  readonly unit: Float64Array;
  readonly unitSquares: Float64Array;
  readonly feature: Float64Array;
  readonly featureSquares: Float64Array;
  /** Sums of products of features and units, [F, H] */
  readonly products: Float64Array;
}

/** Max number of units reported for a feature */
const named = 3;

export class UnitSearch {
  /** The sums from which correlations are computed, first by half of the text, then by layer */
  private readonly sums: readonly (readonly Sums[])[];

  constructor(
    private readonly features: readonly Feature[],
    private readonly H: number,
    layers: number,
    /** Number of characters of the text that the search for units reads */
    private readonly characters: number,
  ) {
    const F = features.length;
    this.sums = [0, 1].map(() =>
      Array.from({ length: layers }, () => ({
        count: 0,
        unit: new Float64Array(H),
        unitSquares: new Float64Array(H),
        feature: new Float64Array(F),
        featureSquares: new Float64Array(F),
        products: new Float64Array(F * H),
      })),
    );
  }

  take({ rows, starts, lengths, memory }: Activations): void {
    starts.forEach((start, row) => {
      for (let t = 0; t < lengths[row] && start + t < this.characters; t++) {
        const half = start + t < this.characters / 2 ? 0 : 1;
        memory.forEach((values, layer) => {
          const from = (t * rows + row) * this.H;
          this.add(this.sums[half][layer], values.subarray(from, from + this.H), start + t);
        });
      }
    });
  }

  private add(sums: Sums, held: Float32Array | Float64Array, at: number): void {
    const { H, features } = this;
    sums.count++;
    for (let j = 0; j < H; j++) {
      sums.unit[j] += held[j];
      sums.unitSquares[j] += held[j] * held[j];
    }
    for (let f = 0; f < features.length; f++) {
      const value = features[f].values[at];
      if (value === 0) continue;
      sums.feature[f] += value;
      sums.featureSquares[f] += value * value;
      for (let j = 0; j < H; j++) sums.products[f * H + j] += value * held[j];
    }
  }

  /** The features that occur in both halves; the feature that a unit follows best comes first. */
  findings(): FeatureFinding[] {
    const [first, second] = this.sums;
    return this.features
      .map(({ name }, f): FeatureFinding => {
        const scores = first.flatMap((sums, layer) =>
          Array.from({ length: this.H }, (_, unit) => ({
            layer,
            unit,
            chosenBy: correlation(sums, f, unit, this.H),
            heldOut: correlation(second[layer], f, unit, this.H),
          })),
        );
        const valid = scores.filter(({ chosenBy, heldOut }) => Number.isFinite(chosenBy + heldOut));
        const best = valid.sort((a, b) => Math.abs(b.chosenBy) - Math.abs(a.chosenBy));
        return { feature: name, units: best.slice(0, named) };
      })
      .filter(({ units }) => units.length > 0)
      .sort((a, b) => Math.abs(b.units[0].heldOut) - Math.abs(a.units[0].heldOut));
  }
}

/** The correlation; NaN if the unit or the feature is constant */
function correlation(sums: Sums, f: number, unit: number, H: number): number {
  const n = sums.count;
  const covariance = n * sums.products[f * H + unit] - sums.feature[f] * sums.unit[unit];
  const spreadOf = (sum: number, squares: number) => {
    const variance = n * squares - sum * sum;
    // a variance that is only a rounding error counts as 0
    return variance > 1e-12 * n * squares ? Math.sqrt(variance) : Number.NaN;
  };
  const spread =
    spreadOf(sums.unit[unit], sums.unitSquares[unit]) *
    spreadOf(sums.feature[f], sums.featureSquares[f]);
  return covariance / spread;
}
