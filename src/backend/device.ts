/**
 * A device computes, and owns the memory of its tensors. Outside of this folder nobody knows where
 * tensors lie. The interface is made so that another kind of device, whose answers come later and whose
 * memory is its own, needs no more than a folder of its own and a line in `open-device.ts`.
 */
import type { Backend } from './backend.js';
import type { ProductMeter } from './product-meter.js';

export const backendNames = ['auto', 'native', 'wasm', 'reference'] as const;
/** The back end that a user asks for; 'auto' takes the fastest that works. */
export type BackendName = (typeof backendNames)[number];
/**
 * Formats of the factors of products; everything else is float32. Weights of 8 bits are for models that are
 * trained already.
 */
export const trainingPrecisions = ['f32', 'bf16'] as const;
export const precisionNames = [...trainingPrecisions, 'int8'] as const;
export type Precision = (typeof precisionNames)[number];
export type TrainingPrecision = (typeof trainingPrecisions)[number];
export type DeviceKind = Exclude<BackendName, 'auto'>;

/** Memory that is given back as a whole, and the operations whose tensors lie in it. */
export interface Scope {
  /** Operations whose tensors live until `release` */
  readonly operations: Backend;
  /** Describes a device to another thread, which opens it with `openHandle`; it survives `postMessage`. */
  readonly handle: DeviceHandle;
  /** Opens a scope within this one, which ends with it at the latest. */
  scope(): Scope;
  /**
   * Gives the memory back, including that of other threads that have opened the handle: they must have
   * ended. No tensor of the scope may be used any more. A second call does nothing.
   */
  release(): void;
}

export interface Device extends Scope {
  readonly kind: DeviceKind;
  /** The name, with the instructions that are used, as 'native (avx2)': equal names give equal bits. */
  readonly name: string;
  /** The format to which the factors of products are rounded */
  readonly precision: Precision;
  /** A sentence that says which back end 'auto' took, and why, if it is not the fastest one */
  readonly note: string | undefined;
  /** Measures the device's products, where it can */
  readonly meter: ProductMeter | undefined;
  /** Closes the device: the same as `release`. */
  close(): void;
}

/** A handle by which another thread computes in the same memory; only the device knows its contents. */
export interface DeviceHandle {
  readonly kind: DeviceKind;
  readonly name: string;
  /** The handle of this scope in the thread that made it */
  readonly scope: string;
  readonly memory: unknown;
}

/** Does some work in a new scope and gives its memory back, however the work ends. */
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
