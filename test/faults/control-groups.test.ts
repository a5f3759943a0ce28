/** Memory that control groups leave, of both versions and nested; the system's files are made up. */
import { describe, expect, test } from 'vitest';
import { controlGroups } from '#charnn/machine/control-groups.js';
import { memoryLimits } from '#charnn/machine/memory.js';

const megabyte = 2 ** 20;

/** A system of these files, with a process that has 100 MB */
const system = (files: Record<string, string>) => ({
  read: (path: string) =>
    ({ '/proc/self/statm': '256000 25600 100 100 0 25600 0\n', ...files })[path],
});

/** What groups still leave, in MB; the least first */
function left(files: Record<string, string>): number[] {
  return memoryLimits(system(files))
    .filter(({ inWords }) => inWords('').startsWith('this control group'))
    .map(({ bytes, used }) => (bytes - used) / megabyte)
    .sort((a, b) => a - b);
}

describe('the groups of a process', () => {
  test('are its own and those around it, of both versions', () => {
    const text = '4:memory,pids:/a/b\n3:cpu:/c\n0::/d.scope\n';
    expect(controlGroups('memory', system({ '/proc/self/cgroup': text }))).toEqual([
      '/sys/fs/cgroup/memory/a/b',
      '/sys/fs/cgroup/memory/a',
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup/d.scope',
      '/sys/fs/cgroup',
    ]);
  });

  test('are none where the system tells none', () => {
    expect(controlGroups('memory', system({}))).toEqual([]);
  });
});

const root = '/sys/fs/cgroup';

test('version 2: the least that any of the groups leaves, caches counted as free', () => {
  const files = {
    '/proc/self/cgroup': '0::/outer/inner\n',
    [`${root}/outer/inner/memory.max`]: 'max\n',
    [`${root}/outer/memory.max`]: `${512 * megabyte}\n`,
    [`${root}/outer/memory.current`]: `${500 * megabyte}\n`,
    [`${root}/outer/memory.stat`]: `anon 5\nactive_file ${100 * megabyte}\ninactive_file ${200 * megabyte}\n`,
  };
  expect(left(files)).toEqual([312]);
  const held = { ...files, [`${root}/outer/inner/memory.high`]: `${256 * megabyte}` };
  expect(left({ ...held, [`${root}/outer/inner/memory.current`]: '0' })).toEqual([256, 312]);
});

test('version 1, in a container that is told the path on its host', () => {
  const files = {
    '/proc/self/cgroup': '5:memory:/docker/0123\n0::/\n',
    [`${root}/memory/memory.limit_in_bytes`]: `${256 * megabyte}`,
    [`${root}/memory/memory.usage_in_bytes`]: `${200 * megabyte}`,
    [`${root}/memory/memory.stat`]: `active_file 7\ntotal_active_file ${50 * megabyte}\ntotal_inactive_file 0\n`,
  };
  expect(left(files)).toEqual([106]);
  expect(
    left({ ...files, [`${root}/memory/memory.limit_in_bytes`]: '9223372036854771712' }),
  ).toEqual([]);
});

test('ulimit and what is free count too', () => {
  const limits = memoryLimits(
    system({
      '/proc/self/limits': `Max data size             ${300 * megabyte}            unlimited            bytes\n`,
      '/proc/meminfo': 'MemTotal: 9 kB\nMemAvailable: 1024 kB\nSwapFree: 1024 kB\n',
    }),
  );
  const words = limits.map(({ bytes, used, inWords }) => inWords(`${(bytes - used) / megabyte}`));
  expect(words).toContain('ulimit -d allows 200');
  expect(words).toContain('this process can get 2 on this machine at the moment');
});
