/** Dropout in a chunk: its rates, and the masks of its sites. */
import type { DropoutMask } from '../backend/backend.js';
import { randomKey } from './random.js';

export interface Dropout {
  /** Fraction of each layer's output set to zero, the last layer's included (Zaremba et al. 2014) */
  readonly rate: number;
  /** Whether one mask is used for all steps of a chunk (Gal & Ghahramani 2016), instead of a mask for each step */
  readonly locked: boolean;
  /** Fraction of the recurrent weights set to zero, for a chunk (weight drop, Merity et al. 2018) */
  readonly weightRate: number;
  readonly seed: number;
  /** Number of the training step: a mask is a function of seed, step, site and position alone. */
  readonly step: number;
  /** The range of the rows within the whole batch, whose mask all threads draw alike */
  readonly firstRow: number;
  readonly totalRows: number;
}

/** @param site which of the network's outputs the mask is for; each has a mask of its own */
export function dropoutMask(dropout: Dropout, site: number): DropoutMask {
  const { rate, locked, seed, step, firstRow, totalRows } = dropout;
  return { rate, locked, key: randomKey(seed, step, site), firstRow, totalRows };
}
