/** Cores of unequal speed: performance and efficiency cores, and how many of them help. */
import { execFileSync } from 'node:child_process';
import { type SystemFiles, systemFiles } from './control-groups.js';

/** What is asked about this machine; tests have one of their own. */
export interface CoreFacts {
  readonly platform: string;
  readonly files: SystemFiles;
  /** A number that macOS knows by name; undefined where it knows none. */
  sysctl(name: string): number | undefined;
}

const thisMachine: CoreFacts = {
  platform: process.platform,
  files: systemFiles,
  sysctl(name) {
    try {
      const text = execFileSync('/usr/sbin/sysctl', ['-n', name], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return Number(text) || undefined;
    } catch {
      return undefined;
    }
  },
};

const cpus = '/sys/devices/system/cpu';
/** Intel's efficiency cores multiply vectors of half the width at a time. */
const atomSpeed = 0.5;
/** Apple's efficiency cores compute about a third of what its performance cores do. */
const efficiencySpeed = 1 / 3;

/**
 * Speeds of the cores that this process may use, in a unit of their own, each core once however many threads it
 * runs; undefined where all are equal or the system does not tell, as Windows.
 */
export function unequalCores(facts: CoreFacts = thisMachine): number[] | undefined {
  const speeds =
    facts.platform === 'linux'
      ? linuxCores(facts.files)
      : facts.platform === 'darwin'
        ? appleCores(facts)
        : [];
  return speeds.some((speed) => speed !== speeds[0]) ? speeds : undefined;
}

/**
 * The number of threads that are fastest together where each step waits for the slowest of them, and all have
 * the same to do: n threads do n times what the n-th fastest core does.
 */
export function threadsInStep(speeds: readonly number[]): number {
  const fastestFirst = [...speeds].sort((a, b) => b - a);
  let best = 1;
  fastestFirst.forEach((speed, i) => {
    if ((i + 1) * speed >= best * fastestFirst[best - 1]) best = i + 1;
  });
  return best;
}

/** By the capacity that the kernel gives each, or by kind and highest frequency */
function linuxCores({ read }: SystemFiles): number[] {
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  const atoms = new Set(numbersIn(read('/sys/devices/cpu_atom/cpus')));
  const seen = new Set<string>();
  return numbersIn(allowed).flatMap((cpu) => {
    const siblings = read(`${cpus}/cpu${cpu}/topology/thread_siblings_list`) ?? String(cpu);
    if (seen.has(siblings)) return [];
    seen.add(siblings);
    const capacity = Number(read(`${cpus}/cpu${cpu}/cpu_capacity`));
    if (capacity > 0) return [capacity];
    const frequency = Number(read(`${cpus}/cpu${cpu}/cpufreq/cpuinfo_max_freq`)) || 1;
    return [frequency * (atoms.has(cpu) ? atomSpeed : 1)];
  });
}

/** Level 0 is the fastest; there are as many levels as kinds of cores. */
function appleCores({ sysctl }: CoreFacts): number[] {
  const fast = sysctl('hw.perflevel0.physicalcpu') ?? 0;
  const slow = sysctl('hw.perflevel1.physicalcpu') ?? 0;
  return [...Array<number>(fast).fill(1), ...Array<number>(slow).fill(efficiencySpeed)];
}

/** The numbers of a list such as `0-3,8` */
function numbersIn(list: string | undefined): number[] {
  if (list === undefined || list.trim() === '') return [];
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}
