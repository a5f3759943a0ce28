/** The native back end: the kernels as a Node-API addon, with the best instructions that the processor has. */
import { createRequire } from 'node:module';
import { findAddon, type Missing } from './addon-file.js';
import { CompiledBackend, Scratch } from './compiled.js';
import type { Engine } from './cpu-device.js';
import { type Precision, precisionNames } from './device.js';
import { Heap, type Pointers } from './heap.js';
import type { Kernels } from './kernels/generated/operations.js';
import { KernelMeter } from './product-meter.js';

/** Instruction levels in full precision, as the addon names them */
type FullLevel = 'avx512' | 'avx2' | 'baseline';
/** Levels with bfloat16 matrix products, either by instructions of the processor or emulated */
const halfInstructions = ['amxbf16', 'avx512bf16', 'armbf16'] as const;
type HalfLevel = (typeof halfInstructions)[number] | 'avx2bf16' | 'baselinebf16';
/** Levels with 8-bit weights, which cannot train */
type Int8Level = 'avx512int8' | 'avx2int8' | 'armint8' | 'baselineint8';
export type NativeLevel = FullLevel | HalfLevel | Int8Level;

export interface NativeAddon extends Pointers {
  /** Instruction levels that this processor has for a precision, best first */
  levels(precision: Precision): NativeLevel[];
  /** Whether matrix products at a level have been measured to be faster on this processor than those of float32 */
  isFaster(level: NativeLevel): boolean;
  open(level: NativeLevel): Kernels;
}

/** Loads the addon, or returns the reason why it cannot be loaded. */
export function loadNative(): NativeAddon | Missing {
  const found = findAddon();
  if ('missing' in found) return found;
  try {
    return createRequire(import.meta.url)(found.path) as NativeAddon;
  } catch (error) {
    const [words] = (error as Error).message.split('\n');
    return { missing: `${found.path} cannot be loaded: ${words}`, unavailable: false };
  }
}

let heap: Heap | undefined;

/** Whether bfloat16 matrix products are known to be faster than float32 ones on this processor. */
export function halfIsFaster(): boolean {
  const addon = loadNative();
  if ('missing' in addon) return false;
  const usable = offered(addon, 'bf16').find((level) => opens(addon, level));
  return usable !== undefined && addon.isFaster(usable);
}

/** Whether the operating system, too, lets this process use the instructions of a level */
function opens(addon: NativeAddon, level: NativeLevel): boolean {
  try {
    addon.open(level);
    return true;
  } catch {
    return false;
  }
}

function isEmulation(level: NativeLevel): boolean {
  return level.endsWith('bf16') && !(halfInstructions as readonly string[]).includes(level);
}

/** Levels that may be chosen automatically: those of the processor, without AMX if CHARNN_AMX is 0 */
function offered(addon: NativeAddon, precision: Precision): NativeLevel[] {
  const withAmx = process.env.CHARNN_AMX !== '0';
  return addon.levels(precision).filter((level) => level !== 'amxbf16' || withAmx);
}

/**
 * Opens the native back end.
 * @param level a level of the addon; by default the best one for the precision
 * @param precision the number format of matrix products, which is used if no level is given
 * @param counter the word that counts the memory of all threads, if another thread has opened the device
 */
export function nativeEngine(
  level?: string,
  precision: Precision = 'f32',
  counter?: Int32Array,
): Engine | Missing {
  const addon = loadNative();
  if ('missing' in addon) return addon;
  const names = level === undefined ? [precision] : precisionNames;
  let missing = `this processor does not support ${level ?? precision}`;
  for (const name of names) {
    const levels = level === undefined ? offered(addon, name) : addon.levels(name);
    for (const candidate of levels.filter((known) => level === undefined || known === level)) {
      try {
        return engineOf(addon, candidate, name, counter);
      } catch (error) {
        missing = (error as Error).message;
      }
    }
  }
  return { missing, unavailable: false };
}

function engineOf(
  addon: NativeAddon,
  level: NativeLevel,
  precision: Precision,
  counter: Int32Array | undefined,
): Engine {
  const kernels = addon.open(level);
  heap ??= new Heap(addon, counter);
  const [source, name] = [heap, `native (${level})`];
  const scratch = new Scratch(source);
  return {
    kind: 'native',
    name,
    precision,
    emulates: isEmulation(level),
    source,
    operations: (memory) => new CompiledBackend(memory, name, kernels, scratch),
    handle: () => source.counter,
    meter: new KernelMeter(kernels),
    end: () => scratch.release(),
  };
}
