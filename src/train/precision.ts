/** Decides whether a training run multiplies in float32 or in bfloat16, if the user leaves that to charnn. */
import type { BackendName, TrainingPrecision } from '../backend/device.js';
import { halfIsFaster } from '../backend/native.js';
import type { TrainConfig } from './train-config.js';

/** The precision of a training run; a configuration that records none, as in earlier versions, means float32. */
export function precisionOf({ precision }: Pick<TrainConfig, 'precision'>): TrainingPrecision {
  return precision === 'bf16' ? 'bf16' : 'f32';
}

/**
 * Min units of a layer for which a step in bfloat16 is at least 1.1 times as fast, as measured with AVX512-BF16: 1.2 to
 * 1.4 times with 32 units, 1.3 to 1.6 with 64, 1.5 to 1.7 with 128 and 1.5 to 1.8 with 256 (test/bench). With fewer
 * units the difference is too small to be measured reliably.
 */
const minHidden = 32;
/**
 * Min units of a layer for which bfloat16 is worthwhile with a cell given by equations. A step is 1.0 to 1.6 times as
 * fast with 64 or more units of nas, mut1, slstm, sru, mingru and indrnn, least with cells whose matrix products do not
 * depend on the state, and 1.2 times with 32 (test/bench).
 */
const minHiddenOfEquations = 64;

/**
 * Resolves the requested precision: `auto` is bfloat16 if a step with it has been measured to be clearly faster on
 * processors like this one. The choice depends only on sizes and processor, so that a training run can be repeated.
 */
export function choosePrecision(
  asked: TrainingPrecision | 'auto' | undefined,
  {
    hidden,
    equations,
    backend = 'auto',
  }: {
    readonly hidden: number;
    /** The equations, for a cell without kernels of its own */
    readonly equations?: string | undefined;
    readonly backend?: BackendName | undefined;
  },
): TrainingPrecision {
  if (asked === 'f32' || asked === 'bf16') return asked;
  const mayBeNative = backend === 'auto' || backend === 'native';
  const least = equations === undefined ? minHidden : minHiddenOfEquations;
  return mayBeNative && hidden >= least && halfIsFaster() ? 'bf16' : 'f32';
}
