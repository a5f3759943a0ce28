/**
 * The WebAssembly back end: the kernels of the native back end, compiled for machines without the native addon. Every
 * thread has its own instance, with its own stack, on one shared memory.
 */
import { readFileSync } from 'node:fs';
import { CompiledBackend, Scratch } from './compiled.js';
import type { Engine } from './cpu-device.js';
import type { Kernels } from './kernels/generated/operations.js';
import { KernelMeter } from './product-meter.js';
import type { Region } from './scope-memory.js';
import { newWasmMemory, WasmMemory } from './wasm-memory.js';

/** Bytes of a thread's stack, on which the kernels keep tiles and little else. */
const stackBytes = 65536;

/** Plain SIMD, or relaxed SIMD with fused multiply-add */
export type WasmVariant = 'simd' | 'relaxed';

const files: Readonly<Record<WasmVariant, string>> = {
  simd: 'charnn.wasm',
  relaxed: 'charnn-relaxed.wasm',
};

/** WebAssembly modules that were compiled in this thread: several devices share one module. */
const modules = new Map<WasmVariant, ReturnType<typeof compileModule>>();

/** The memory of a device, in the form that is passed to another thread */
export interface SharedWasmMemory {
  readonly memory: WebAssembly.Memory;
  readonly owner: number;
}

/**
 * @param variant a `WasmVariant`; by default the best one that this JavaScript engine supports
 * @param handed the memory of another thread's device
 */
export function wasmEngine(
  variant?: string,
  handed?: SharedWasmMemory,
): Engine | { readonly missing: string } {
  const shared = handed && new WasmMemory(handed.memory, handed.owner);
  let missing = `there is no WebAssembly ${variant}`;
  const variants = ['relaxed', 'simd'] as const;
  for (const candidate of variants.filter((known) => variant === undefined || known === variant)) {
    const module = modules.get(candidate) ?? compileModule(candidate);
    modules.set(candidate, module);
    if (typeof module === 'string') missing = module;
    else return engineOf(candidate, module, shared);
  }
  return { missing };
}

function engineOf(
  variant: WasmVariant,
  module: WebAssembly.Module,
  shared: WasmMemory | undefined,
): Engine | { readonly missing: string } {
  const memory = shared?.memory ?? newWasmMemory();
  if (memory === undefined) {
    return {
      missing:
        'it needs about 10 GiB of address space, which the limit set by ulimit -v does not allow',
    };
  }
  const source = shared ?? new WasmMemory(memory);
  const name = `wasm (${variant})`;
  const { kernels, stack } = instantiate(module, source);
  const scratch = new Scratch(source);
  return {
    kind: 'wasm',
    name,
    precision: 'f32',
    source,
    operations: (scope) => new CompiledBackend(scope, name, kernels, scratch),
    handle: (scope): SharedWasmMemory => {
      const { memory, owner } = scope as WasmMemory;
      return { memory, owner };
    },
    meter: new KernelMeter(kernels),
    end: () => {
      scratch.release();
      source.free(stack);
    },
  };
}

/** @returns the module, or the reason why there is no module */
function compileModule(variant: WasmVariant): WebAssembly.Module | string {
  if (typeof WebAssembly === 'undefined') return 'this JavaScript engine has no WebAssembly';
  const bytes = readKernels(files[variant]);
  if (bytes === undefined)
    return `${files[variant]} is missing: install charnn again, or run npm run build in a checkout`;
  if (!WebAssembly.validate(bytes)) return 'this JavaScript engine has no SIMD in WebAssembly';
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    // there may be too little memory, or address space, for the code
    return error instanceof Error ? error.message : String(error);
  }
}

function readKernels(name: string): Uint8Array | undefined {
  try {
    return readFileSync(new URL(`./kernels/${name}`, import.meta.url));
  } catch {
    return undefined;
  }
}

function instantiate(
  module: WebAssembly.Module,
  source: WasmMemory,
): { readonly kernels: Kernels; readonly stack: Region } {
  const { memory } = source;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const stack = source.allocate(stackBytes);
  (instance.exports.__stack_pointer as WebAssembly.Global).value = stack.start + stackBytes;
  return { kernels: instance.exports as unknown as Kernels, stack };
}
