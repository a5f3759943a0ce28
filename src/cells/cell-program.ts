/** A compiled cell: what the back ends interpret, and how its memory is laid out. */
import type { Matrix, Vector } from './definition.js';
import { type Operation, operations } from './graph.js';

/**
 * A part of a layer's memory, in rows of `width` · H numbers:
 *
 *     chunk      a row for each step and row of the batch
 *     state      the same and one step more: the state before each step, and after the last
 *     next       the same memory, a step later: the state after each step
 *     step       a row for each row of the batch, made anew in each step
 *     constants  a single row
 */
export interface Region {
  readonly kind: 'chunk' | 'state' | 'next' | 'step' | 'constants';
  readonly width: number;
}

/** Columns of a region: [·, H] each */
export interface Columns {
  readonly region: number;
  readonly column: number;
}

export interface ProgramGroup {
  /** Matrices that it multiplies with, stacked; they follow those of the groups before. */
  readonly size: number;
  /** What it multiplies */
  readonly argument: Columns;
  /** After backward: the gradient w.r.t. its products */
  readonly gradient: Columns;
}

export interface Program {
  /** What the kernels interpret, see `encode-program.ts` */
  readonly code: Int32Array;
  readonly regions: readonly Region[];
  readonly constants: readonly number[];
  /** Vectors that operations hold between them, at the most */
  readonly registers: number;
  /** Whether an operation needs all units of a row at once */
  readonly wholeRows: boolean;
  readonly inputs: readonly Matrix[];
  /** In the order of the groups */
  readonly units: readonly Matrix[];
  readonly groups: readonly ProgramGroup[];
  readonly vectors: readonly Vector[];
  readonly states: readonly string[];
  /** Regions of the projection of the input, of the states, of the gradients w.r.t. them */
  readonly projection: number;
  readonly stateRegions: readonly number[];
  readonly stateGradients: readonly number[];
  /** Where the gates are after forward */
  readonly gates: readonly (Columns & { readonly name: string })[];
  /** Vector operations a step, forward and backward */
  readonly operations: readonly [forward: number, backward: number];
  /** Matrices in products that wait for the state, and how many such products there are */
  readonly recurrent: { readonly matrices: number; readonly products: number };
}

/** Numbers of the operations in the code */
export const operationCodes = Object.keys(operations) as readonly Operation[];

/** Numbers of each row that a layer keeps for backward, as a multiple of H */
export function keptWidth({ regions }: Program): number {
  return regions
    .filter(({ kind }) => kind === 'chunk' || kind === 'state')
    .reduce((sum, { width }) => sum + width, 0);
}
