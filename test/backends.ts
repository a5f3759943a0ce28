import type { Backend, DType } from '#charnn/backend/backend.js';
import { CpuDevice } from '#charnn/backend/cpu-device.js';
import { backendNames, type Device, type Precision, type Scope } from '#charnn/backend/device.js';
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

async function openAll(precision: Precision): Promise<Device[]> {
  const opened: Device[] = [];
  for (const name of backendNames) {
    if (name === 'auto') continue;
    try {
      opened.push(await openDevice(name, precision));
    } catch {
      // this machine has none
    }
  }
  return opened;
}

const devices = await openAll('f32');
const halfDevices = await openAll('bf16');

/** The devices that run on this machine, a scope of each for the asking. */
export const availableDevices: readonly (readonly [name: string, open: () => Scope])[] =
  devices.map((device) => [device.kind, () => device.scope()]);

/** The same, their operations alone */
export const availableBackends: readonly (readonly [name: string, make: () => SyncBackend])[] =
  availableDevices.map(([name, open]) => [name, () => sync(open())]);

/** Those in half precision, their operations alone */
export const availableHalfBackends: readonly (readonly [name: string, make: () => SyncBackend])[] =
  halfDevices.map((device) => [device.name, () => sync(device.scope())]);

/** The reference, in float64 for checking gradients. */
export function referenceScope(dtype: DType = 'float32', precision: Precision = 'f32'): Scope {
  const source = new Heap(undefined);
  const operations: ConstructorParameters<typeof CpuDevice>[0]['operations'] = (memory) =>
    new ReferenceBackend(memory, dtype, precision);
  return new CpuDevice(
    {
      ...{ kind: 'reference', name: 'reference', precision, source, operations },
      ...{ handle: () => {}, end: () => {} },
    },
    undefined,
  );
}

export const referenceBackend = (dtype?: DType, precision?: Precision) =>
  sync(referenceScope(dtype, precision));
