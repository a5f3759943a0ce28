/** The reference back end as a machine of the kernels' test. */
import type { Precision } from '#charnn/backend/device.js';
import { referenceBackend } from '../backends.js';
import { Guarded } from './guarded.js';
import type { Machine } from './run-case.js';

export function reference(dtype: 'float32' | 'float64', precision: Precision): Machine {
  const backend = referenceBackend(dtype, precision);
  return { backend, guarded: new Guarded(backend) };
}

/** What all others are compared with */
export const float64Reference = (precision: Precision): Machine => reference('float64', precision);
