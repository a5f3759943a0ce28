/** Converts plain data with typed arrays for sending to another process. */

type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** Replaces arrays on shared memory, which cannot be sent to another process, by copies. */
export function portable<T>(value: T): T {
  return mapped(value, (array) => array.slice());
}

/** Moves arrays to shared memory, so that all threads of this process use the same ones. */
export function onSharedMemory<T>(value: T): T {
  return mapped(value, (array) => {
    const Type = array.constructor as new (buffer: SharedArrayBuffer) => TypedArray;
    const copy = new Type(new SharedArrayBuffer(array.byteLength));
    copy.set(array);
    return copy;
  });
}

function mapped<T>(value: T, copy: (array: TypedArray) => TypedArray): T {
  if (ArrayBuffer.isView(value)) return copy(value as unknown as TypedArray) as T;
  if (Array.isArray(value)) return value.map((item) => mapped(item, copy)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapped(item, copy)]),
  ) as T;
}
