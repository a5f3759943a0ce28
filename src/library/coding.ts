/** Compression as a program asks for it: checks the arguments, and handles listeners that may throw. */
import type { Device } from '../backend/device.js';
import { openExactDevice } from '../backend/open-device.js';
import { shortBackend, shortBytes } from '../compress/short-container.js';
import { UsageError } from '../errors.js';
import { checkOptions, type OptionsOf } from '../options/table.js';
import { kindOf, requireFunction, requireObject, requireSignal } from './arguments.js';
import type { Ending } from './ending.js';
import { modelRows } from './model-options.js';

type Listener = (fraction: number) => void;

/** @throws UsageError for a value that is not bytes, and naming an option that is unknown or out of range */
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
 * Computes on a device whose results other machines can reproduce: on any machine for short contents, on similar
 * machines for long ones.
 * @param given the device to use; if it is WebAssembly, or for a short content with a model, the back end
 * `shortBackend` is used instead, if it can run
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
  // WebAssembly's relaxed multiply-adds are fused on some machines and not on others, so their results differ
  if (given.kind === 'wasm') return openExactDevice(shortBackend);
  if (!isShort) return undefined;
  return openExactDevice(shortBackend).catch(() => undefined);
}

/** Wraps a listener so that an error in it ends the work, wherever it is called. */
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
