/** System calls that are refused: a library that is loaded before the system's own makes them fail. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { binary, Folder, finished, small, verses } from '../commands/run.js';
import { temporaryFolder } from '../folder.js';

/** REFUSED names the call, REFUSED_ERRNO the error, REFUSED_TIMES how many calls fail, the first ones. */
const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static int refused(const char *call) {
  static int count;
  const char *name = getenv("REFUSED");
  if (!name || strcmp(name, call) != 0) return 0;
  if (__atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST) >= atoi(getenv("REFUSED_TIMES"))) return 0;
  errno = atoi(getenv("REFUSED_ERRNO"));
  return 1;
}

int fchmod(int file, mode_t mode) {
  if (refused("fchmod")) return -1;
  return ((int (*)(int, mode_t))dlsym(RTLD_NEXT, "fchmod"))(file, mode);
}
int fchown(int file, uid_t user, gid_t group) {
  if (refused("fchown")) return -1;
  return ((int (*)(int, uid_t, gid_t))dlsym(RTLD_NEXT, "fchown"))(file, user, group);
}
int rename(const char *from, const char *to) {
  if (refused("rename")) return -1;
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
int fsync(int file) {
  if (refused("fsync")) return -1;
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}
`;

const tools = temporaryFolder();
const library = join(tools, 'refused.so');

function canRefuse(): boolean {
  if (process.platform !== 'linux') return false;
  writeFileSync(join(tools, 'refused.c'), source);
  const built = spawnSync('cc', [
    ...['-shared', '-fPIC', '-o', library, join(tools, 'refused.c'), '-ldl'],
  ]);
  return built.status === 0;
}

type Refusal = readonly [call: string, error: keyof typeof constants.errno, times: number];

function trainRefused(folder: Folder, [call, error, times]: Refusal, ...more: string[]) {
  folder.write('text.txt', verses(1500));
  const args = ['train', 'text.txt', ...small, '--eval-every', '1', ...more];
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      LD_PRELOAD: library,
      REFUSED: call,
      REFUSED_ERRNO: `${constants.errno[error]}`,
      REFUSED_TIMES: `${times}`,
    },
  });
  return finished(child);
}

describe.runIf(canRefuse())('calls to the system that fail', () => {
  test.each([
    ['fchmod', 'EPERM'],
    ['fchmod', 'ENOTSUP'],
    ['fchmod', 'EACCES'],
    ['fchmod', 'ENOSYS'],
    ['fsync', 'EINVAL'],
    ['fsync', 'ENOTSUP'],
  ] as const)('%s, always, with %s: every save succeeds', async (call, error) => {
    const folder = new Folder();
    const { status, stderr } = await trainRefused(folder, [call, error, 1e9]);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('warning')]);
    expect((await readModel(join(folder.path, 'charnn.json'))).training?.step).toBe(4);
    const state = join(folder.path, 'charnn.state.json');
    expect((await readState(state)).step).toBe(4);
    // again, over files that exist
    expect((await trainRefused(folder, [call, error, 1e9], '--force')).status).toBe(0);
  });

  test('a private file stays private where its mode cannot be set', async () => {
    const folder = new Folder();
    await folder.train(verses(1500), '-q');
    const model = join(folder.path, 'charnn.json');
    execFileSync('chmod', ['600', model]);
    const { status } = await trainRefused(folder, ['fchmod', 'EPERM', 1e9], '--force');
    expect([status, statSync(model).mode & 0o777]).toEqual([0, 0o600]);
  });

  test.each([
    ['rename', 'EIO', 'the device reports an error'],
    ['rename', 'EBUSY', 'it is in use, perhaps as a mount point'],
    ['fsync', 'EIO', 'the device reports an error'],
    ['fsync', 'ENOSPC', 'no space is left on the device'],
    ['fsync', 'EDQUOT', 'the quota of disk space is used up'],
  ] as const)('%s, once, with %s: said, and saved at the next checkpoint', async (...refusal) => {
    const [call, error, reason] = refusal;
    const folder = new Folder();
    const { status, stderr } = await trainRefused(folder, [call, error, 1]);
    expect(stderr).toMatch(
      new RegExp(
        `warning: cannot write charnn(\\.state)?\\.json: ${reason}; training continues, and will try to save again`,
      ),
    );
    expect(status).toBe(0);
    expect((await readModel(join(folder.path, 'charnn.json'))).training?.step).toBe(4);
    const names = ['charnn.json', 'charnn.state.json', 'text.txt'];
    expect(readdirSync(folder.path).sort()).toEqual(names);
  });

  test.each(['rename', 'fsync'])('%s, always: exit code 1 and a sentence', async (call) => {
    const folder = new Folder();
    const { status, stderr } = await trainRefused(folder, [call, 'EIO', 1e9], '--quiet');
    expect(status).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toBe(
      'charnn: cannot write charnn.json: the device reports an error',
    );
    expect(readdirSync(folder.path)).toEqual(['text.txt']);
  });
});
