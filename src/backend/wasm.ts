/**
 * The WebAssembly back end: the same kernels, for machines without the native addon. Every thread has
 * an instance of its own on the one shared memory, with a stack of its own.
 */
import { readFileSync } from 'node:fs';
import type { Arena } from './arena.js';
import { CompiledBackend } from './compiled.js';
import type { Kernels } from './kernels/generated/operations.js';

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
  let missing = '';
  for (const candidate of variant ? [variant] : (['relaxed', 'simd'] as const)) {
    const kernels = wasmKernels(arena, candidate);
    if (!('missing' in kernels)) return new CompiledBackend(arena, `wasm (${candidate})`, kernels);
    missing = kernels.missing;
  }
  return { missing };
}

/** The kernels alone, of one variant. */
export function wasmKernels(
  arena: Arena,
  variant: WasmVariant,
): Kernels | { readonly missing: string } {
  const module = modules.get(variant) ?? compileModule(variant);
  modules.set(variant, module);
  return typeof module === 'string' ? { missing: module } : instantiate(module, arena);
}

/** What has been compiled in this thread: several back ends share one module. */
const modules = new Map<WasmVariant, ReturnType<typeof compileModule>>();

/** @returns the module, or why there is none */
function compileModule(variant: WasmVariant): WebAssembly.Module | string {
  const bytes = readKernels(files[variant]);
  if (bytes === undefined) return 'not built: run npm rebuild charnn';
  if (!WebAssembly.validate(bytes)) return 'this engine has no WebAssembly SIMD';
  return new WebAssembly.Module(bytes);
}

function readKernels(name: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(`./kernels/${name}`, import.meta.url));
  } catch {
    return undefined;
  }
}

function instantiate(module: WebAssembly.Module, arena: Arena): Kernels {
  const { memory } = arena;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const stack = instance.exports.__stack_pointer as WebAssembly.Global;
  stack.value = arena.allocate(stackBytes) + stackBytes;
  return instance.exports as unknown as Kernels;
}
