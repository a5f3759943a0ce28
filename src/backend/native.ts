/** The native back end: the kernels as a Node-API addon, for the best instructions the processor has. */
import { createRequire } from 'node:module';
import { findAddon, type Missing } from './addon-file.js';
import { CompiledBackend, Scratch } from './compiled.js';
import type { Engine } from './cpu-device.js';
import { Heap, type Pointers } from './heap.js';
import type { Kernels } from './kernels/generated/operations.js';
import { KernelMeter } from './product-meter.js';

/** Instruction levels, as the addon names them */
export type NativeLevel = 'avx512' | 'avx2' | 'baseline';

export interface NativeAddon extends Pointers {
  /** The levels of this processor, best first */
  levels(): NativeLevel[];
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

/**
 * @param level one of the addon's; the best by default
 * @param counter the memory count of the thread that this one belongs to
 */
export function nativeEngine(level?: string, counter?: Int32Array): Engine | Missing {
  const addon = loadNative();
  if ('missing' in addon) return addon;
  const levels = addon.levels();
  const chosen = level === undefined ? levels[0] : levels.find((known) => known === level);
  if (chosen === undefined)
    return { missing: `this processor has no ${level}`, unavailable: false };
  heap ??= new Heap(addon, counter);
  const [source, name] = [heap, `native (${chosen})`];
  const kernels = addon.open(chosen);
  const scratch = new Scratch(source);
  return {
    kind: 'native',
    name,
    source,
    operations: (memory) => new CompiledBackend(memory, name, kernels, scratch),
    handle: () => source.counter,
    meter: new KernelMeter(kernels),
    end: () => scratch.release(),
  };
}
