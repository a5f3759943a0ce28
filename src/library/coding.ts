/** Compressing as a program asks for it: checks of what is given, and listeners that may fail. */
import type { Device } from '../backend/device.js';
import { openExactDevice } from '../backend/open-device.js';
import { UsageError } from '../errors.js';
import { checkOptions, type OptionsOf } from '../options/table.js';
import type { Ending } from './abort.js';
import { kindOf, requireFunction, requireObject, requireSignal } from './arguments.js';
import { modelRows } from './model-options.js';

type Listener = (fraction: number) => void;

/** @throws UsageError for what are no bytes, and naming an option that is unknown or out of range */
export function checkCoding(bytes: unknown, options: unknown, what: 'compress' | 'decompress') {
  if (!(bytes instanceof Uint8Array)) {
    throw new UsageError(`the bytes of ${what} must be a Uint8Array, not ${kindOf(bytes)}`);
  }
  const { signal, onProgress, ...rest } = requireObject(options, what);
  checkOptions(modelRows[what], rest, what);
  return {
    content: bytes,
    listener: requireFunction<Listener>(onProgress, 'onProgress'),
    signal: requireSignal(signal),
    rest: rest as OptionsOf<(typeof modelRows)['compress']>,
  };
}

/** Computes on a device whose results do not depend on the machine. */
export async function withExactDevice<T>(
  given: Device,
  work: (device: Device) => Promise<T>,
): Promise<T> {
  // whether relaxed multiply-adds are fused depends on the machine
  if (given.kind !== 'wasm') return work(given);
  const device = await openExactDevice('wasm (simd)');
  try {
    return await work(device);
  } finally {
    device.close();
  }
}

/** Wraps a listener so that its failure ends the work, wherever it is called. */
export function guarded(listener: Listener | undefined, ending: Ending): Listener | undefined {
  if (listener === undefined) return undefined;
  return (fraction) => {
    try {
      listener(fraction);
    } catch (error) {
      ending.end(error);
    }
  };
}
