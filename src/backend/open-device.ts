/** Opens a device: one with a given name, the fastest that works on this machine, or the device of another thread. */
import { CharnnError } from '../errors.js';
import { CpuDevice, type Engine, scopeOf } from './cpu-device.js';
import {
  type BackendName,
  backendNames,
  type Device,
  type DeviceHandle,
  type DeviceKind,
  type Precision,
  precisionNames,
  type Scope,
} from './device.js';
import { nativeEngine } from './native.js';
import { referenceEngine } from './reference-engine.js';
import { type SharedWasmMemory, wasmEngine } from './wasm.js';

/** Why a device cannot run here */
interface Missing {
  readonly missing: string;
  /** Whether the back end does not exist for this kind of machine at all, so that the user need not be told */
  readonly unavailable?: boolean;
}

/** What is asked of a device in addition to its kind, which is native, wasm or reference */
interface Wanted {
  /** The instruction level, shown in brackets after the device's name, such as avx2; by default the best one */
  readonly level?: string | undefined;
  /** The number format of matrix products, if no level is given; float32 by default */
  readonly precision?: Precision | undefined;
  /** The memory, from the handle of another thread's device */
  readonly memory?: unknown;
}

/** The function that opens a device of each kind */
const engines: Readonly<Record<DeviceKind, (wanted: Wanted) => Engine | Missing>> = {
  native: ({ level, precision, memory }) =>
    nativeEngine(level, precision, memory as Int32Array | undefined),
  wasm: ({ level, memory }) => wasmEngine(level, memory as SharedWasmMemory | undefined),
  reference: ({ level, precision, memory }) =>
    referenceEngine(
      precisionNames.find((known) => known === level) ?? precision,
      memory as Int32Array | undefined,
    ),
};

/** The kinds of device, fastest first */
const kinds = backendNames.filter((name) => name !== 'auto');

/**
 * Opens a device, which must be closed when it is no longer needed.
 * @param name 'auto' tries the fastest first and falls back to slower ones; any other name is taken literally: `wasm`
 * is the variant that every JavaScript engine with SIMD has, so that the name stands for the same bits everywhere
 * @param precision the number format to which the operands of matrix products are rounded
 * @throws CharnnError when the device that was named cannot run here
 */
export async function openDevice(
  name: BackendName = 'auto',
  precision: Precision = 'f32',
): Promise<Device> {
  const reasons: (Missing & { readonly kind: DeviceKind })[] = [];
  for (const candidate of name === 'auto' ? kinds : kinds.filter((kind) => kind === name)) {
    const engine = inPrecision(
      precision,
      engines[candidate]({ precision, ...(name === 'wasm' && { level: 'simd' }) }),
    );
    if (!('missing' in engine)) {
      const told = reasons.filter(({ unavailable }) => !unavailable).map(inWords);
      if (engine.emulates) told.push(emulationOf(precision));
      const note = told.length > 0 ? `using ${engine.name}: ${told.join('; ')}` : undefined;
      return new CpuDevice(engine, note);
    }
    reasons.push({ ...engine, kind: candidate });
  }
  throw new CharnnError(
    `back end ${name} cannot run here: ${reasons.map(inWords).join('; ') || 'it is not part of this build'}; use auto or another back end`,
  );
}

/** Returns the `Engine` of a device or, if its precision is not the requested one, frees it and reports it missing. */
function inPrecision(precision: Precision, engine: Engine | Missing): Engine | Missing {
  if ('missing' in engine || engine.precision === precision) return engine;
  engine.end();
  return { missing: `it supports only ${engine.precision}` };
}

const emulationOf = (precision: Precision) =>
  `${precision === 'int8' ? 'int8' : 'bfloat16'} is emulated, which is slower than f32, because this processor has no instructions for it`;

const inWords = ({ kind, missing }: Missing & { readonly kind: DeviceKind }) =>
  `${kind} is missing (${missing})`;

/**
 * Opens the device with exactly this name, as in `Device.name`: the same instructions, and so the same bits.
 * `openDevice` would open the best device of a kind, whose instructions may differ from machine to machine.
 * @throws CharnnError when the device cannot run here
 */
export async function openExactDevice(name: string): Promise<Device> {
  return new CpuDevice(present(exactEngine(name), name), undefined);
}

/**
 * Opens the memory of another thread's scope: tensors that it shares can be attached, and new ones are released
 * together with that scope. If the scope belongs to the calling thread, this function opens a new scope within it.
 */
export async function openHandle(handle: DeviceHandle): Promise<Scope> {
  return (
    scopeOf(handle) ??
    new CpuDevice(present(exactEngine(handle.name, handle.memory), handle.name), undefined)
  );
}

function present(engine: Engine | Missing, name: string): Engine {
  if (!('missing' in engine)) return engine;
  throw new CharnnError(`back end ${name} cannot run here: ${engine.missing}`);
}

/** @param memory the memory of another thread's device, from its handle */
function exactEngine(name: string, memory?: unknown): Engine | Missing {
  const unknown = { missing: 'this version of charnn does not have it' };
  const [, kind, level] = name.match(/^(\w+)(?: \((.+)\))?$/) ?? [];
  if (kind === undefined || !Object.hasOwn(engines, kind)) return unknown;
  const engine = engines[kind as DeviceKind]({ level, memory });
  if ('missing' in engine || engine.name === name) return engine;
  engine.end();
  return unknown;
}
