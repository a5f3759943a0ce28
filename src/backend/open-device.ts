/** Opening a device: by name, the fastest that works here, or the one of another thread. */
import { CharnnError } from '../errors.js';
import { CpuDevice, type Engine, scopeOf } from './cpu-device.js';
import type { BackendName, Device, DeviceHandle, DeviceKind, Scope } from './device.js';
import { Heap } from './heap.js';
import { nativeEngine } from './native.js';
import { ReferenceBackend } from './reference.js';
import { wasmEngine } from './wasm.js';
import { WasmMemory } from './wasm-memory.js';

type Attempt = () => Engine | { readonly missing: string };

/** Fastest first */
const attempts: readonly (readonly [DeviceKind, Attempt])[] = [
  ['native', () => nativeEngine()],
  ['wasm', () => wasmEngine()],
  ['reference', () => referenceEngine()],
];

/**
 * Opens a device; close it when it is no longer needed.
 * @param name 'auto' falls back from the fastest to the slowest; another name is taken at its word
 * @throws CharnnError when the device that was named cannot run here
 */
export async function openDevice(name: BackendName = 'auto'): Promise<Device> {
  const reasons: string[] = [];
  for (const [candidate, attempt] of attempts) {
    if (name !== 'auto' && name !== candidate) continue;
    const engine = attempt();
    if (!('missing' in engine)) {
      const note = reasons.length > 0 ? `using ${engine.name}: ${reasons.join('; ')}` : undefined;
      return new CpuDevice(engine, note);
    }
    reasons.push(`${candidate} is missing (${engine.missing})`);
  }
  throw new CharnnError(
    `back end ${name} cannot run here: ${reasons.join('; ') || 'it is not part of this build'}; use auto or another back end`,
  );
}

/**
 * Opens the device of exactly this name, as `Device.name` has it: the same instructions, and so the same
 * bits. `openDevice` takes the best of a kind, which may be another one here.
 * @throws CharnnError when it cannot run here
 */
export async function openExactDevice(name: string): Promise<Device> {
  return new CpuDevice(present(exactEngine(name), name), undefined);
}

/**
 * Opens the memory of another thread's scope: tensors that it shares can be attached, and new ones are
 * given back with that scope. In the thread of the scope itself it is a scope within.
 */
export async function openHandle(handle: DeviceHandle): Promise<Scope> {
  return (
    scopeOf(handle) ??
    new CpuDevice(present(exactEngine(handle.name, handle.memory), handle.name), undefined)
  );
}

function present(engine: Engine | { readonly missing: string }, name: string): Engine {
  if (!('missing' in engine)) return engine;
  throw new CharnnError(`back end ${name} cannot run here: ${engine.missing}`);
}

/** @param memory of a handle */
function exactEngine(name: string, memory?: unknown): Engine | { readonly missing: string } {
  const [, kind, level] = name.match(/^(\w+)(?: \((.+)\))?$/) ?? [];
  if (kind === 'reference') return referenceEngine(memory as Int32Array | undefined);
  if (kind === 'native' && level !== undefined) {
    return nativeEngine(level, memory as Int32Array | undefined);
  }
  if (kind === 'wasm' && (level === 'simd' || level === 'relaxed')) {
    const shared = memory as { memory: WebAssembly.Memory; owner: number } | undefined;
    return wasmEngine(level, shared && new WasmMemory(shared.memory, shared.owner));
  }
  return { missing: 'this charnn does not know it' };
}

let heap: Heap | undefined;

function referenceEngine(counter?: Int32Array): Engine {
  heap ??= new Heap(undefined, counter);
  const source = heap;
  return {
    kind: 'reference',
    name: 'reference',
    source,
    operations: (memory) => new ReferenceBackend(memory),
    handle: () => source.counter,
    end: () => {},
  };
}
