/** The back ends of this machine, native at each instruction level and WebAssembly in both variants. */
import { Arena } from '#charnn/backend/arena.js';
import type { Backend } from '#charnn/backend/backend.js';
import { CompiledBackend } from '#charnn/backend/compiled.js';
import { type Address, address } from '#charnn/backend/cpu.js';
import type { Kernels } from '#charnn/backend/kernels/generated/operations.js';
import { loadNative, nativeKernels } from '#charnn/backend/native.js';
import { ReferenceBackend } from '#charnn/backend/reference.js';
import { type WasmVariant, wasmKernels } from '#charnn/backend/wasm.js';
import { Guarded } from './guarded.js';

/** A back end, and the guards around what `guarded` makes and around the kernels' own memory. */
export interface Machine {
  readonly backend: Backend;
  readonly guarded: Guarded;
}

/** Every call of a kernel gets scratch of the exact size it asks for, between guard words. */
class GuardedBackend extends CompiledBackend {
  readonly guarded = new Guarded(this);

  protected override scratch(floats: number): Address {
    return address(this.guarded.filled('scratch', [floats]));
  }

  protected override reserve(floats: number): Address {
    return address(this.guarded.filled('packed weight', [floats]));
  }
}

function compiled(name: string, load: (arena: Arena) => Kernels): [string, () => Machine] {
  return [
    name,
    () => {
      const arena = new Arena();
      const backend = new GuardedBackend(arena, name, load(arena));
      return { backend, guarded: backend.guarded };
    },
  ];
}

function reference(dtype: 'float32' | 'float64'): Machine {
  const backend = new ReferenceBackend(new Arena(), dtype);
  return { backend, guarded: new Guarded(backend) };
}

/** What all others are compared with */
export const float64Reference = (): Machine => reference('float64');

const addon = loadNative();
export const hasNative = !('missing' in addon);

export const machines: [string, () => Machine][] = [
  ['reference', () => reference('float32')],
  ...('missing' in addon ? [] : addon.levels()).map((level) =>
    compiled(`native ${level}`, (arena) => present(nativeKernels(arena, level))),
  ),
  ...(['simd', 'relaxed'] as WasmVariant[])
    .filter((variant) => !('missing' in wasmKernels(new Arena(), variant)))
    .map((variant) => compiled(`wasm ${variant}`, (arena) => present(wasmKernels(arena, variant)))),
];

function present<T extends object>(made: T | { readonly missing: string }): T {
  if ('missing' in made) throw new Error(String(made.missing));
  return made as T;
}
