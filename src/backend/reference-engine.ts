/** The reference back end as a device; its memory is shared array buffers, like that of the native one. */
import type { Engine } from './cpu-device.js';
import type { Precision } from './device.js';
import { Heap } from './heap.js';
import { ReferenceBackend } from './reference.js';

let heap: Heap | undefined;

/** @param counter the word that counts the memory of all threads, if another thread has opened the device */
export function referenceEngine(precision: Precision = 'f32', counter?: Int32Array): Engine {
  heap ??= new Heap(undefined, counter);
  const source = heap;
  return {
    kind: 'reference',
    name: precision === 'f32' ? 'reference' : `reference (${precision})`,
    precision,
    emulates: precision !== 'f32',
    source,
    operations: (memory) => new ReferenceBackend(memory, 'float32', precision),
    handle: () => source.counter,
    end: () => {},
  };
}
