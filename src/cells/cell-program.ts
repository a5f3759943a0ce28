/** A compiled cell: the program that back ends interpret, and the layout of its memory. */
import type { Matrix, Vector } from './definition.js';
import { type Operation, operations } from './graph.js';

/**
 * A part of a layer's memory. It consists of rows of `width` · H numbers; its kind says how many rows there are:
 *
 *     chunk      a row for each time step and row of the batch
 *     state      one time step more: the state before each step, and after the last one
 *     next       the same memory as `state`, one step later: the state after each step
 *     step       a row for each row of the batch, overwritten in each time step
 *     constants  a single row
 */
export interface Region {
  readonly kind: 'chunk' | 'state' | 'next' | 'step' | 'constants';
  readonly width: number;
}

/**
 * One column of a part (region) of a layer's memory, of H numbers in each row; for the products of several matrices
 * that multiply the same vector, the first of as many columns
 */
export interface Columns {
  readonly region: number;
  readonly column: number;
}

export interface ProgramGroup {
  /**
   * Number of matrices that multiply the same vector and are stacked into one. In the list of matrices they follow
   * those of the preceding groups.
   */
  readonly size: number;
  /** Where the vector is stored that the matrices of the group multiply */
  readonly argument: Columns;
  /** Where the gradient w.r.t. the products of these matrices is found after the backward pass */
  readonly gradient: Columns;
}

export interface Program {
  /** The program as integers; see `encode-program.ts` */
  readonly code: Int32Array;
  readonly regions: readonly Region[];
  readonly constants: readonly number[];
  /**
   * Max number of vectors that are in registers at the same time, to be passed between operations without storing them
   */
  readonly registers: number;
  /** Whether some operation needs all units of a row at once, as `norm` does */
  readonly wholeRows: boolean;
  readonly inputs: readonly Matrix[];
  /** Matrices that multiply vectors of units (not the input), in groups: those of a group multiply the same vector */
  readonly units: readonly Matrix[];
  readonly groups: readonly ProgramGroup[];
  readonly vectors: readonly Vector[];
  readonly states: readonly string[];
  /**
   * Indices of regions, the parts of a layer's memory: of the one for the input projection, of those for each state,
   * and of those for the gradient w.r.t. each state
   */
  readonly projection: number;
  readonly stateRegions: readonly number[];
  readonly stateGradients: readonly number[];
  /** Columns that hold the gates after the forward pass */
  readonly gates: readonly (Columns & { readonly name: string })[];
  /** Number of element-wise operations for each unit in a time step */
  readonly operations: readonly [forward: number, backward: number];
  /**
   * Number of matrices whose products depend on the state, and number of matrix products that they take: one for each
   * group
   */
  readonly recurrent: { readonly matrices: number; readonly products: number };
}

/** The operations of which compiled cells consist; an operation's number in their code is its index here. */
export const operationCodes = Object.keys(operations) as readonly Operation[];

/** How many numbers a layer stores for each character of a chunk until the backward pass, in multiples of H */
export function keptWidth({ regions }: Program): number {
  return regions
    .filter(({ kind }) => kind === 'chunk' || kind === 'state')
    .reduce((sum, { width }) => sum + width, 0);
}
