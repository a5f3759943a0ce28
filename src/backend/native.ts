/** The native back end: the kernels as a Node-API addon, for the best instructions the processor has. */
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
/** Those with products of bfloat16; all but the first emulate them. */
type HalfLevel = 'avx512bf16' | 'avx2bf16' | 'baselinebf16';
/** Those with weights of 8 bits, which cannot train */
type Int8Level = 'avx512int8' | 'avx2int8' | 'baselineint8';
export type NativeLevel = FullLevel | HalfLevel | Int8Level;

export interface NativeAddon extends Pointers {
  /** The levels of this processor whose products are in a precision, best first */
  levels(precision: Precision): NativeLevel[];
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

/** Whether the processor has instructions that multiply bfloat16, and the addon can be loaded. */
export function multipliesHalf(): boolean {
  const addon = loadNative();
  return !('missing' in addon) && !isEmulation(addon.levels('bf16')[0]);
}

const isEmulation = (level: NativeLevel) => level.endsWith('bf16') && level !== 'avx512bf16';

/**
 * Opens the native back end.
 * @param level a level of the addon; by default the best for the precision
 * @param precision of the products, if no level is given
 * @param counter the word that counts the memory of all threads, if another thread has opened the device
 */
export function nativeEngine(
  level?: string,
  precision: Precision = 'f32',
  counter?: Int32Array,
): Engine | Missing {
  const addon = loadNative();
  if ('missing' in addon) return addon;
  const all = precisionNames.flatMap((name) =>
    addon.levels(name).map((known) => ({ level: known, precision: name })),
  );
  const chosen = all.find((one) =>
    level === undefined ? one.precision === precision : one.level === level,
  );
  if (chosen === undefined)
    return { missing: `this processor has no ${level ?? precision}`, unavailable: false };
  heap ??= new Heap(addon, counter);
  const [source, name] = [heap, `native (${chosen.level})`];
  const kernels = addon.open(chosen.level);
  const scratch = new Scratch(source);
  return {
    kind: 'native',
    name,
    precision: chosen.precision,
    emulates: isEmulation(chosen.level),
    source,
    operations: (memory) => new CompiledBackend(memory, name, kernels, scratch),
    handle: () => source.counter,
    meter: new KernelMeter(kernels),
    end: () => scratch.release(),
  };
}
