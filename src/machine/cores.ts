import { readFileSync } from 'node:fs';
import os from 'node:os';
import { threadsInStep, unequalCores } from './core-speeds.js';

/**
 * Min milliseconds between two readings of the processor quota, because a program may make thousands of short calls.
 */
const quotaMs = 1000;
let quota = Number.POSITIVE_INFINITY;
let quotaReadAt = Number.NEGATIVE_INFINITY;

/** Number of cores this process may use, given its affinity and the processor quota of its control group. */
export function usableCores(): number {
  const now = performance.now();
  if (now - quotaReadAt > quotaMs) {
    quota = Math.min(quotaV2(), quotaV1());
    quotaReadAt = now;
  }
  return Math.max(1, Math.min(os.availableParallelism(), Math.ceil(quota)));
}

/**
 * The number of threads that are fastest if all have the same work and wait for each other, as in training, where slow
 * cores may delay every step.
 */
export function coresInStep(): number {
  const cores = unequalCores();
  const usable = usableCores();
  return cores === undefined ? usable : Math.min(usable, threadsInStep(cores));
}

/**
 * The processor quota of cgroup v2, in cores. The file contains `quota period` in microseconds; the quota "max" means
 * that there is none.
 */
function quotaV2(): number {
  const [quota, period] = readWords('/sys/fs/cgroup/cpu.max');
  return ratio(Number(quota), Number(period));
}

function quotaV1(): number {
  const [quota] = readWords('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const [period] = readWords('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return ratio(Number(quota), Number(period));
}

function ratio(quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/);
  } catch {
    // there is no such control group, and so no quota
    return [];
  }
}

/** Max useful number of threads per core: more of them only take memory and slow each other down. */
const threadsPerCore = 4;
/** A limit of threads is never lower than this, so that a reasonable request is granted on few cores too. */
const alwaysUseful = 16;

/** How many of the requested threads are useful, for work whose result does not depend on their number. */
export function usefulThreads(wanted: number): number {
  return Math.min(wanted, Math.max(alwaysUseful, threadsPerCore * usableCores()));
}
