/** Compressing as a program asks for it: checks of what is given, and listeners that may fail. */
import type { Device } from '../backend/device.js';
import { openExactDevice } from '../backend/open-device.js';
import { shortBackend, shortBytes } from '../compress/short-container.js';
import { UsageError } from '../errors.js';
import { checkOptions, type OptionsOf } from '../options/table.js';
import { kindOf, requireFunction, requireObject, requireSignal } from './arguments.js';
import type { Ending } from './ending.js';
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

/**
 * Computes on a device whose results do not depend on the machine, or, for a long content, can be had on like ones.
 * @param given what is to be used, unless the content is short and WebAssembly can run
 * @param coded what is to be compressed, and whether a model was given
 */
export async function withExactDevice<T>(
  given: Device,
  coded: { readonly bytes: number; readonly withModel: boolean },
  work: (device: Device) => Promise<T>,
): Promise<T> {
  const device = await portable(given, coded.withModel && coded.bytes < shortBytes);
  if (device === undefined) return work(given);
  try {
    return await work(device);
  } finally {
    device.close();
  }
}

async function portable(given: Device, isShort: boolean): Promise<Device | undefined> {
  // whether relaxed multiply-adds are fused depends on the machine
  if (given.kind === 'wasm') return openExactDevice(shortBackend);
  if (!isShort) return undefined;
  return openExactDevice(shortBackend).catch(() => undefined);
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
