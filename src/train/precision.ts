/** Whether a training multiplies in float32 or in bfloat16, where that is left to charnn. */
import type { BackendName, TrainingPrecision } from '../backend/device.js';
import { halfIsFaster } from '../backend/native.js';
import type { TrainConfig } from './train-config.js';

/** The precision of a training. What is recorded without one, as by earlier versions, is in float32. */
export function precisionOf({ precision }: Pick<TrainConfig, 'precision'>): TrainingPrecision {
  return precision === 'bf16' ? 'bf16' : 'f32';
}

/**
 * Units of a layer from which on a step in bfloat16 is at least 1.1 times as fast, as measured with AVX512-BF16:
 * 1.2 to 1.4 times with 32 units, 1.3 to 1.6 with 64, 1.5 to 1.7 with 128 and 1.5 to 1.8 with 256 (test/bench). With
 * fewer the times differ too little to be told apart.
 */
const minHidden = 32;

/**
 * Settles what was asked for: `auto` is bfloat16 where a step with it has been seen to be clearly faster on processors
 * like this one. The choice is a function of sizes and processor, so that a training can be repeated.
 */
export function choosePrecision(
  asked: TrainingPrecision | 'auto' | undefined,
  {
    hidden,
    backend = 'auto',
  }: { readonly hidden: number; readonly backend?: BackendName | undefined },
): TrainingPrecision {
  if (asked === 'f32' || asked === 'bf16') return asked;
  const mayBeNative = backend === 'auto' || backend === 'native';
  return mayBeNative && hidden >= minHidden && halfIsFaster() ? 'bf16' : 'f32';
}
