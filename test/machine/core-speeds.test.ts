/** Cores of unequal speed, as Linux and macOS tell of them; the machines are made up of their files. */
import { describe, expect, test } from 'vitest';
import { type CoreFacts, threadsInStep, unequalCores } from '#charnn/machine/core-speeds.js';

const cpus = '/sys/devices/system/cpu';

function linux(files: Readonly<Record<string, string>>): CoreFacts {
  return {
    platform: 'linux',
    files: { read: (path) => files[path] },
    sysctl: () => expect.unreachable('only macOS is asked by names'),
  };
}

function macOS(facts: Readonly<Record<string, number>>): CoreFacts {
  return { platform: 'darwin', files: linux({}).files, sysctl: (name) => facts[name] };
}

const allowed = (list: string) => ({
  '/proc/self/status': `Name:\tnode\nCpus_allowed_list:\t${list}\n`,
});

const each = (count: number, entries: (cpu: number) => Readonly<Record<string, string>>) =>
  Object.assign({}, ...Array.from({ length: count }, (_, cpu) => entries(cpu)));

describe('threads that wait for each other', () => {
  test.each<[what: string, speeds: number[], threads: number]>([
    ['one core', [1], 1],
    ['equal cores', [1, 1, 1, 1], 4],
    ['slow cores that would delay the fast ones', [0.3, 1, 1, 0.3, 1, 1, 0.3, 0.3], 4],
    ['slow cores that help, being many', [1, 1, 0.4, 0.4, 0.4, 0.4], 6],
    ['one fast core that is not worth waiting for', [2, 1.5, 1.5, 1.5], 4],
    ['three kinds', [1024, 1024, 800, 800, 250, 250, 250, 250], 4],
    ['as much with the slow ones', [1, 1, 0.5, 0.5], 4],
  ])('%s', (_, speeds, threads) => {
    expect(threadsInStep(speeds)).toBe(threads);
  });
});

describe('Linux', () => {
  test('capacities that the kernel gives', () => {
    const capacity = each(8, (cpu) => ({
      [`${cpus}/cpu${cpu}/cpu_capacity`]: cpu < 4 ? '381\n' : '1024\n',
    }));
    expect(unequalCores(linux({ ...allowed('0-7'), ...capacity }))).toEqual([
      ...Array(4).fill(381),
      ...Array(4).fill(1024),
    ]);
    // only those that this process may use
    expect(unequalCores(linux({ ...allowed('3-4,6'), ...capacity }))).toEqual([381, 1024, 1024]);
    expect(unequalCores(linux({ ...allowed('4-7'), ...capacity }))).toBeUndefined();
  });

  test('kinds of cores and frequencies; two threads of one core are one', () => {
    const files = each(8, (cpu) => ({
      [`${cpus}/cpu${cpu}/cpufreq/cpuinfo_max_freq`]: cpu < 4 ? '5000000\n' : '4000000\n',
      [`${cpus}/cpu${cpu}/topology/thread_siblings_list`]:
        cpu < 4 ? `${cpu - (cpu % 2)}-${cpu - (cpu % 2) + 1}\n` : `${cpu}\n`,
    }));
    const hybrid = linux({
      ...allowed('0-7'),
      ...files,
      '/sys/devices/cpu_core/cpus': '0-3\n',
      '/sys/devices/cpu_atom/cpus': '4-7\n',
    });
    expect(unequalCores(hybrid)).toEqual([5e6, 5e6, 2e6, 2e6, 2e6, 2e6]);
  });

  test('equal cores, and a system that tells nothing', () => {
    const equal = each(4, (cpu) => ({ [`${cpus}/cpu${cpu}/cpufreq/cpuinfo_max_freq`]: '3000000' }));
    expect(unequalCores(linux({ ...allowed('0-3'), ...equal }))).toBeUndefined();
    expect(unequalCores(linux(allowed('0-3')))).toBeUndefined();
    expect(unequalCores(linux({}))).toBeUndefined();
  });
});

test('macOS: levels of performance', () => {
  const levels = { 'hw.perflevel0.physicalcpu': 6, 'hw.perflevel1.physicalcpu': 2 };
  const speeds = unequalCores(macOS(levels)) ?? [];
  expect(speeds).toHaveLength(8);
  expect(threadsInStep(speeds)).toBe(6);
  expect(unequalCores(macOS({ 'hw.perflevel0.physicalcpu': 8 }))).toBeUndefined();
  // Intel's
  expect(unequalCores(macOS({}))).toBeUndefined();
});

test('Windows does not tell', () => {
  expect(unequalCores({ ...macOS({}), platform: 'win32' })).toBeUndefined();
});
