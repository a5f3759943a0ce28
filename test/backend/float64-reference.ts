/** The reference back end as a machine of the kernels' test. */
import { referenceBackend } from '../backends.js';
import { Guarded } from './guarded.js';
import type { Machine } from './run-case.js';

export function reference(dtype: 'float32' | 'float64'): Machine {
  const backend = referenceBackend(dtype);
  return { backend, guarded: new Guarded(backend) };
}

/** What all others are compared with */
export const float64Reference = (): Machine => reference('float64');
