import type { Indices, Tensor } from '#charnn/backend/backend.js';
import type { SyncBackend } from '../backends.js';

export interface KernelCase {
  readonly name: string;
  /** Inputs and outputs by name; `scale` of the random values, 1 unless given */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly scale?: number;
  /** Names of the tensors that are compact */
  readonly compact?: readonly string[];
  readonly ids?: { readonly count: number; readonly below: number };
  run(
    backend: SyncBackend,
    t: Readonly<Record<string, Tensor>>,
    ids: Indices,
  ): void | Promise<void>;
  /** An input whose first element is not a number: it has to show in every output that it reaches */
  readonly poisoned?: string;
  readonly outputs: readonly string[];
  /** Those that are defined where only the way forward is computed, if not all are */
  readonly forwardOutputs?: readonly string[];
  /** Largest |error|, for an output whose inputs' products sum up to `magnitude` in absolute value */
  readonly tolerance: number;
  /**
   * The same in half precision, where a factor is computed on the way: a sum that is a little off may round to
   * the other neighbour, 2^-8 of the factor away
   */
  readonly halfTolerance?: number;
}
