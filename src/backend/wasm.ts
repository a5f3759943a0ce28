/**
 * The WebAssembly back end: the same kernels, for machines without the native addon. Every thread has
 * an instance of its own on the one shared memory, with a stack of its own.
 */
import { readFileSync } from 'node:fs';
import type { Arena } from './arena.js';
import { CompiledBackend, type Kernels } from './compiled.js';

/** Bytes of a thread's stack; the kernels keep tiles and little else there. */
const stackBytes = 65536;

/** Plain SIMD, or with the fused multiply-add of relaxed SIMD */
export type WasmVariant = 'simd' | 'relaxed';

const files: Readonly<Record<WasmVariant, string>> = {
  simd: 'charnn.wasm',
  relaxed: 'charnn-relaxed.wasm',
};

/** @param variant one of the two; by default the best that this engine takes */
export function createWasm(
  arena: Arena,
  variant?: WasmVariant,
): CompiledBackend | { readonly missing: string } {
  const variants: readonly WasmVariant[] = variant ? [variant] : ['relaxed', 'simd'];
  for (const candidate of variants) {
    const bytes = readKernels(files[candidate]);
    if (bytes === undefined) return { missing: 'not built: run npm rebuild charnn' };
    if (!WebAssembly.validate(bytes)) continue;
    return new CompiledBackend(arena, `wasm (${candidate})`, instantiate(bytes, arena));
  }
  return { missing: 'this engine has no WebAssembly SIMD' };
}

function readKernels(name: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(`./kernels/${name}`, import.meta.url));
  } catch {
    return undefined;
  }
}

function instantiate(bytes: Uint8Array, arena: Arena): Kernels {
  const { memory } = arena;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const stack = instance.exports.__stack_pointer as WebAssembly.Global;
  stack.value = arena.allocate(stackBytes) + stackBytes;
  return instance.exports as unknown as Kernels;
}
