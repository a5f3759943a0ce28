/** A file that another program holds open, on a Windows that is made up. */
import { describe, expect, test } from 'vitest';
import {
  HeldFileError,
  moveHeldFile,
  type ReplacingSystem,
  replaceFile,
} from '#charnn/checkpoint/replace-file.js';

/** Files by path, some of which are held: a number of attempts to replace them fails. */
function madeSystem(
  files: Record<string, string>,
  heldFor: Record<string, number>,
  code = 'EBUSY',
) {
  const waited: number[] = [];
  const system: ReplacingSystem = {
    platform: 'win32',
    async rename(from, to) {
      if (heldFor[to]-- > 0) throw Object.assign(new Error(code), { code });
      files[to] = files[from];
      delete files[from];
    },
    exists: async (path) => path in files,
    async remove(path) {
      delete files[path];
    },
    wait: async (milliseconds) => waited.push(milliseconds),
  };
  return { system, waited };
}

test('what is let go after moments is replaced', async () => {
  const files = { 'a.json': 'old', '.a.tmp': 'new' };
  const { system, waited } = madeSystem(files, { 'a.json': 3 });
  expect(await replaceFile('.a.tmp', 'a.json', system)).toBeUndefined();
  expect(files).toEqual({ 'a.json': 'new' });
  expect(waited).toEqual([50, 100, 200]);
});

describe.each(['EPERM', 'EACCES', 'EBUSY'])('what stays held (%s)', (code) => {
  test('gets a second name, which no file has, and is moved when it is let go', async () => {
    const [target, second] = [`${code}.json`, `${code}-new2.json`];
    const files: Record<string, string> = {
      [target]: 'old',
      [`${code}-new.json`]: "somebody else's",
      '.a.tmp': 'new',
    };
    const heldFor = { [target]: Number.POSITIVE_INFINITY };
    const { system, waited } = madeSystem(files, heldFor, code);
    expect(await replaceFile('.a.tmp', target, system)).toBe(second);
    expect(files).toMatchObject({ [target]: 'old', [second]: 'new' });
    // attempts are bounded
    expect(waited.reduce((a, b) => a + b, 0)).toBeLessThan(5000);

    // a later version takes the place of the first
    files['.b.tmp'] = 'newer';
    expect(await replaceFile('.b.tmp', target, system)).toBe(second);
    expect(await moveHeldFile(target, system)).toBe(false);
    heldFor[target] = 0;
    expect(await moveHeldFile(target, system)).toBe(true);
    expect(files).toEqual({ [target]: 'newer', [`${code}-new.json`]: "somebody else's" });
    expect(await moveHeldFile(target, system)).toBe(true);
  });
});

test('a replaced file leaves none behind under a second name', async () => {
  const files: Record<string, string> = { 'c.json': 'old', '.c.tmp': 'new' };
  const { system } = madeSystem(files, { 'c.json': 7 });
  expect(await replaceFile('.c.tmp', 'c.json', system)).toBe('c-new.json');
  files['.d.tmp'] = 'newer';
  expect(await replaceFile('.d.tmp', 'c.json', system)).toBeUndefined();
  expect(files).toEqual({ 'c.json': 'newer' });
});

test('other errors, and other systems, are not tried again', async () => {
  for (const [platform, code] of [
    ['win32', 'ENOSPC'],
    ['linux', 'EBUSY'],
  ]) {
    const files = { 'e.json': 'old', '.e.tmp': 'new' };
    const { system, waited } = madeSystem(files, { 'e.json': 1 }, code);
    await expect(replaceFile('.e.tmp', 'e.json', { ...system, platform })).rejects.toThrow(code);
    expect(waited).toEqual([]);
    expect(files).toEqual({ 'e.json': 'old', '.e.tmp': 'new' });
  }
});

test('the error names both files', () => {
  const { message } = new HeldFileError('models/a.json', 'a-new.json');
  expect(message).toContain('models/a.json is held open by another program');
  expect(message).toMatch(/models[\\/]a-new\.json; close that program, and move them there$/);
});
