/**
 * Measures how often each gate is shut or open: below 0.1 (left-saturated) or above 0.9 (right-saturated), as in
 * Karpathy, Johnson & Fei-Fei 2015. A forget gate that is open most of the time gives a unit a long memory.
 */
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Activations } from './activations.js';

export interface GateSaturation {
  readonly layer: number;
  readonly gate: string;
  /** Fraction of the characters at which each unit's gate is below 0.1, [H] */
  readonly left: Float64Array;
  /** Fraction of the characters at which each unit's gate is above 0.9, [H] */
  readonly right: Float64Array;
}

const shut = 0.1;
const open = 0.9;
/**
 * Number of characters from which it is known well enough how often gates are shut or open; in a long text, they are
 * spread over all of it.
 */
const enough = 100_000;

export class Saturation {
  private readonly gates: readonly (GateSaturation & { readonly index: number })[];
  private count = 0;
  private readonly H: number;

  constructor(config: ModelConfig) {
    const { layers, hidden } = config;
    this.H = hidden;
    this.gates = Array.from({ length: layers }, (_, layer) =>
      cellOf(config).gateNames.map(({ name, logistic }, index) => ({
        layer,
        name,
        logistic,
        index,
      })),
    )
      .flat()
      .filter(({ logistic }) => logistic)
      .map(({ layer, name: gate, index }) => ({
        layer,
        gate,
        index,
        left: new Float64Array(hidden),
        right: new Float64Array(hidden),
      }));
  }

  take({ rows, lengths, gates: values }: Activations): void {
    const { H } = this;
    if (this.count >= enough) return;
    lengths.forEach((length, row) => {
      this.count += length;
      for (const { layer, index, left, right } of this.gates) {
        const { values: all, start, stride } = values[layer][index];
        for (let t = 0; t < length; t++) {
          const from = (t * rows + row) * stride + start;
          for (let j = 0; j < H; j++) {
            const value = all[from + j];
            if (value < shut) left[j]++;
            else if (value > open) right[j]++;
          }
        }
      }
    });
  }

  /** The saturation of each gate with a sigmoid, layer by layer; empty for a cell without such gates */
  result(): GateSaturation[] {
    return this.gates.map(({ layer, gate, left, right }) => ({
      layer,
      gate,
      left: left.map((n) => n / this.count),
      right: right.map((n) => n / this.count),
    }));
  }
}
