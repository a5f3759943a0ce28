/** The back ends of this machine, native at each instruction level and WebAssembly in both variants. */
import { setFlagsFromString } from 'node:v8';
import { CompiledBackend, Scratch } from '#charnn/backend/compiled.js';
import { address } from '#charnn/backend/cpu.js';
import type { Engine } from '#charnn/backend/cpu-device.js';
import { type Precision, precisionNames } from '#charnn/backend/device.js';
import { loadNative, nativeEngine } from '#charnn/backend/native.js';
import { type Address, type MemorySource, ScopeMemory } from '#charnn/backend/scope-memory.js';
import { type WasmVariant, wasmEngine } from '#charnn/backend/wasm.js';
import { availableBackends, type SyncBackend } from '../backends.js';
import { reference } from './float64-reference.js';
import { Guarded } from './guarded.js';
import type { Machine } from './run-case.js';

/** Every call of a kernel gets scratch of the exact size it asks for, between guard words. */
class GuardedBackend extends CompiledBackend {
  readonly guarded = new Guarded(this);

  protected override scratch(words: number): Address {
    return address(this.guarded.filled('scratch', [words]));
  }

  protected override reserve(words: number): Address {
    return address(this.guarded.filled('packed weight', [words]));
  }
}

type NamedMachine = [name: string, make: () => Machine, precision: Precision];

/** Kernels, and guards around their own memory too */
export function guardedMachine(
  source: MemorySource,
  name: string,
  kernels: ConstructorParameters<typeof CompiledBackend>[2],
): Machine {
  const backend = new GuardedBackend(new ScopeMemory(source), name, kernels, new Scratch(source));
  return { backend, guarded: backend.guarded };
}

function compiled(engine: Engine | { readonly missing: string }): NamedMachine[] {
  if ('missing' in engine) return [];
  const { kernels } = engine.operations(new ScopeMemory(engine.source)) as unknown as {
    kernels: ConstructorParameters<typeof CompiledBackend>[2];
  };
  const make = () => guardedMachine(engine.source, engine.name, kernels);
  return [[engine.name, make, engine.precision]];
}

/** A back end whose kernels' own memory is not known here */
function unguarded(backend: SyncBackend): Machine {
  return { backend, guarded: new Guarded(backend) };
}

// Node.js 20 has relaxed SIMD behind a flag, which newer ones do not know
if (process.versions.node.startsWith('20.')) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
}

const addon = loadNative();
export const hasNative = !('missing' in addon);

export const machines: NamedMachine[] = [
  ...precisionNames.map((precision): NamedMachine => {
    const make = () => reference('float32', precision);
    return [make().backend.name, make, precision];
  }),
  ...('missing' in addon ? [] : precisionNames.flatMap((name) => addon.levels(name))).flatMap(
    (level) => compiled(nativeEngine(level)),
  ),
  ...(['simd', 'relaxed'] as WasmVariant[]).flatMap((variant) => compiled(wasmEngine(variant))),
  ...availableBackends
    .filter(([name]) => !['reference', 'native', 'wasm'].includes(name))
    .map(([name, make]): NamedMachine => [name, () => unguarded(make()), 'f32']),
];

/** Those whose products are of float32 */
export const fullMachines = machines.filter(([, , precision]) => precision === 'f32');
