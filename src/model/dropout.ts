/** Dropout in a chunk: its rates, and the masks for different parts of the network. */
import type { DropoutMask } from '../backend/backend.js';
import { randomKey } from './random.js';

export interface Dropout {
  /** Fraction of each layer's output set to zero, including the last layer's (Zaremba et al. 2014) */
  readonly rate: number;
  /** Whether one mask is used for all steps of a chunk (Gal & Ghahramani 2016), instead of a mask for each step */
  readonly locked: boolean;
  /** Fraction of the recurrent weights set to zero for a whole chunk (weight drop, Merity et al. 2018) */
  readonly weightRate: number;
  readonly seed: number;
  /** Number of the training step; a mask depends only on seed, step, part of the network and position. */
  readonly step: number;
  /**
   * The index of this thread's first row in the whole batch, and the number of all rows of the batch. A mask depends on
   * them, so that a row has the same mask however the rows are divided among threads.
   */
  readonly firstRow: number;
  readonly totalRows: number;
}

/** @param site number of the part of the network that the mask is for; each part has a mask of its own */
export function dropoutMask(dropout: Dropout, site: number): DropoutMask {
  const { rate, locked, seed, step, firstRow, totalRows } = dropout;
  return { rate, locked, key: randomKey(seed, step, site), firstRow, totalRows };
}
