/**
 * A device computes, and owns the memory of its tensors. Nothing outside this folder knows where tensors are stored.
 * The interface allows for another kind of device, which answers asynchronously and has memory of its own: adding one
 * takes a folder and a line in `open-device.ts`.
 */
import type { Backend } from './backend.js';
import type { ProductMeter } from './product-meter.js';

export const backendNames = ['auto', 'native', 'wasm', 'reference'] as const;
/** The back end that a user asks for; 'auto' takes the fastest that works. */
export type BackendName = (typeof backendNames)[number];
/**
 * Number formats of matrix products; everything else is float32. With 8-bit weights a model can predict but not learn.
 */
export const trainingPrecisions = ['f32', 'bf16'] as const;
export const precisionNames = [...trainingPrecisions, 'int8'] as const;
export type Precision = (typeof precisionNames)[number];
export type TrainingPrecision = (typeof trainingPrecisions)[number];
export type DeviceKind = Exclude<BackendName, 'auto'>;

/** Memory that is released as a whole, and the operations whose tensors are in it. */
export interface Scope {
  /** Operations whose tensors live until `release` */
  readonly operations: Backend;
  /** Describes this scope to another thread, which opens it with `openHandle`; it can be sent by `postMessage`. */
  readonly handle: DeviceHandle;
  /** Opens a scope within this one, which is released at the latest together with it. */
  scope(): Scope;
  /**
   * Releases the memory, including that of other threads that have opened the handle; these must have ended. No tensor
   * of the scope may be used any more. A second call does nothing.
   */
  release(): void;
}

export interface Device extends Scope {
  readonly kind: DeviceKind;
  /** The name, with the instructions that are used, such as 'native (avx2)'; equal names give equal bits. */
  readonly name: string;
  /** The number format to which the operands of matrix products are rounded */
  readonly precision: Precision;
  /** A sentence about the back end that 'auto' chose and why, if it is not the fastest one */
  readonly note: string | undefined;
  /** Measures the speed of the device's matrix products; undefined if this device cannot be measured */
  readonly meter: ProductMeter | undefined;
  /** Closes the device: the same as `release`. */
  close(): void;
}

/** A handle by which another thread computes in the same memory; only the device knows its contents. */
export interface DeviceHandle {
  readonly kind: DeviceKind;
  readonly name: string;
  /** Identifies this scope in the thread that created it */
  readonly scope: string;
  readonly memory: unknown;
}

/** Does some work in a new scope and releases its memory, however the work ends. */
export async function withScope<T>(
  parent: Scope,
  work: (operations: Backend, scope: Scope) => T | Promise<T>,
): Promise<T> {
  const scope = parent.scope();
  try {
    return await work(scope.operations, scope);
  } finally {
    scope.release();
  }
}
