/** Finds out about cores of unequal speed (performance and efficiency cores), and how many of them are worth using. */
import { execFileSync } from 'node:child_process';
import { type SystemFiles, systemFiles } from './control-groups.js';

/** How facts about the machine are queried; tests pass their own. */
export interface CoreFacts {
  readonly platform: string;
  readonly files: SystemFiles;
  /** The value of a macOS sysctl; undefined if there is none of this name. */
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
/** Speed of Intel's efficiency cores, which process vectors at half the width, relative to their performance cores */
const atomSpeed = 0.5;
/** Speed of Apple's efficiency cores relative to their performance cores, about a third */
const efficiencySpeed = 1 / 3;

/**
 * Relative speeds of the cores that this process may use, counting each core once even if it runs several threads;
 * undefined if all are equal or the system does not tell, as on Windows.
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
 * The number of threads that are fastest together if each step waits for the slowest and all have the same work: n
 * threads achieve n times the speed of the n-th fastest core.
 */
export function threadsInStep(speeds: readonly number[]): number {
  const fastestFirst = [...speeds].sort((a, b) => b - a);
  let best = 1;
  fastestFirst.forEach((speed, i) => {
    if ((i + 1) * speed >= best * fastestFirst[best - 1]) best = i + 1;
  });
  return best;
}

/**
 * Determines speeds by the capacity that the kernel reports for each core, or else by the kind and the highest
 * frequency of the core
 */
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

/** Performance level 0 is the fastest; each kind of core has a level. */
function appleCores({ sysctl }: CoreFacts): number[] {
  const fast = sysctl('hw.perflevel0.physicalcpu') ?? 0;
  const slow = sysctl('hw.perflevel1.physicalcpu') ?? 0;
  return [...Array<number>(fast).fill(1), ...Array<number>(slow).fill(efficiencySpeed)];
}

/** The numbers in a list such as `0-3,8` */
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
