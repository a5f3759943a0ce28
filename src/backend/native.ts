/** The native back end: the kernels as a Node-API addon, for the best instructions the processor has. */
import { createRequire } from 'node:module';
import { findAddon, type Missing } from './addon-file.js';
import type { Arena } from './arena.js';
import { CompiledBackend } from './compiled.js';
import type { Kernels } from './kernels/generated/operations.js';

/** Instruction levels, as the addon names them */
export type NativeLevel = 'avx512' | 'avx2' | 'baseline';

export interface NativeAddon {
  /** The levels of this processor, best first */
  levels(): NativeLevel[];
  open(memory: Uint8Array, level: NativeLevel): Kernels;
}

/** Loads the addon; says why where there is none. */
export function loadNative(): NativeAddon | Missing {
  const found = findAddon();
  if ('missing' in found) return found;
  try {
    return createRequire(import.meta.url)(found.path) as NativeAddon;
  } catch (error) {
    return { missing: (error as Error).message.split('\n')[0], unavailable: false };
  }
}

/** @param level one of the addon's; the best by default */
export function createNative(
  arena: Arena,
  level?: NativeLevel,
): CompiledBackend | { readonly missing: string } {
  const addon = loadNative();
  if ('missing' in addon) return addon;
  const chosen = level ?? addon.levels()[0];
  return new CompiledBackend(arena, `native (${chosen})`, openAt(addon, arena, chosen));
}

/** The kernels alone, of one instruction level. */
export function nativeKernels(
  arena: Arena,
  level: NativeLevel,
): Kernels | { readonly missing: string } {
  const addon = loadNative();
  return 'missing' in addon ? addon : openAt(addon, arena, level);
}

function openAt(addon: NativeAddon, arena: Arena, level: NativeLevel): Kernels {
  return addon.open(new Uint8Array(arena.buffer), level);
}
