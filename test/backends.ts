import type { Backend, DType } from '#charnn/backend/backend.js';
import { CpuDevice } from '#charnn/backend/cpu-device.js';
import { backendNames, type Device, type Scope } from '#charnn/backend/device.js';
import { Heap } from '#charnn/backend/heap.js';
import { openDevice } from '#charnn/backend/open-device.js';
import { ReferenceBackend } from '#charnn/backend/reference.js';

type Reals = Float32Array | Float64Array;

/** What computes on the processor answers at once. */
export interface SyncBackend extends Omit<Backend, 'read' | 'sum' | 'sumSquares'> {
  read(...parameters: Parameters<Backend['read']>): Reals;
  sum(...parameters: Parameters<Backend['sum']>): number;
  sumSquares(...parameters: Parameters<Backend['sumSquares']>): number;
}

export const sync = (scope: Scope) => scope.operations as unknown as SyncBackend;

const devices: Device[] = [];
for (const name of backendNames) {
  if (name === 'auto') continue;
  try {
    devices.push(await openDevice(name));
  } catch {
    // this machine has none
  }
}

/** The devices that run on this machine, a scope of each for the asking. */
export const availableDevices: readonly (readonly [name: string, open: () => Scope])[] =
  devices.map((device) => [device.kind, () => device.scope()]);

/** The same, their operations alone */
export const availableBackends: readonly (readonly [name: string, make: () => SyncBackend])[] =
  availableDevices.map(([name, open]) => [name, () => sync(open())]);

/** The reference, in float64 for checking gradients. */
export function referenceScope(dtype: DType = 'float32'): Scope {
  const source = new Heap(undefined);
  const operations: ConstructorParameters<typeof CpuDevice>[0]['operations'] = (memory) =>
    new ReferenceBackend(memory, dtype);
  return new CpuDevice(
    { kind: 'reference', name: 'reference', source, operations, handle: () => {}, end: () => {} },
    undefined,
  );
}

export const referenceBackend = (dtype?: DType) => sync(referenceScope(dtype));
