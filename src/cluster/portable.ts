/** Converts plain data with typed arrays and shared tensors for sending to another process. */
import type { Backend, SharedTensor } from '../backend/backend.js';

type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** A tensor in a message to another process */
interface SentTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Replaces arrays on shared memory, which cannot be sent to another process, by copies. */
export function portable<T>(value: T): T {
  return mapped(value, (array) => array.slice()) as T;
}

/** Moves arrays to shared memory, so that all threads of this process use the same ones. */
export function onSharedMemory<T>(value: T): T {
  return mapped(value, shared) as T;
}

/** As `portable`, for data that also contains tensors: these are replaced by their values. */
export async function withoutTensors(value: unknown, backend: Backend): Promise<unknown> {
  const reading: Promise<void>[] = [];
  const read = (x: SharedTensor): SentTensor => {
    const tensor = backend.attach(x);
    const values = new Float32Array(tensor.size);
    reading.push(Promise.resolve(backend.read(tensor, values)).then(() => {}));
    return { shape: x.shape, values };
  };
  const sent = mapped(
    value,
    (array) => array.slice(),
    (x) => ('location' in x && 'shape' in x ? read(x as unknown as SharedTensor) : undefined),
  );
  await Promise.all(reading);
  return sent;
}

/** Converts what `withoutTensors` has made to data on the memory of this process. */
export function withTensors(value: unknown, backend: Backend): unknown {
  return mapped(value, shared, (x) => {
    if (!('values' in x && 'shape' in x)) return undefined;
    const { shape, values } = x as unknown as SentTensor;
    const tensor = backend.tensor(shape);
    backend.write(tensor, values);
    return backend.share(tensor);
  });
}

function shared(array: TypedArray): TypedArray {
  const Type = array.constructor as new (buffer: SharedArrayBuffer) => TypedArray;
  const copy = new Type(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

/** @param replace returns what takes the place of an object, or undefined for an object that stays */
function mapped(
  value: unknown,
  copy: (array: TypedArray) => TypedArray,
  replace: (object: object) => unknown = () => undefined,
): unknown {
  if (ArrayBuffer.isView(value)) return copy(value as unknown as TypedArray);
  if (Array.isArray(value)) return value.map((item) => mapped(item, copy, replace));
  if (typeof value !== 'object' || value === null) return value;
  return (
    replace(value) ??
    Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, mapped(item, copy, replace)]),
    )
  );
}
