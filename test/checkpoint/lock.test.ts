/** The lock beside a model: whose it is, and when it is taken over. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockModel } from '#charnn/checkpoint/lock.js';
import { processRealm, startOfProcess } from '#charnn/machine/process.js';
import { temporaryFolder } from '../folder.js';

let model: string;
let path: string;
beforeEach(() => {
  const folder = temporaryFolder();
  model = join(folder, 'm.json');
  path = join(folder, '.m.json.lock');
});

function held(holder: object): void {
  const whole = { pid: process.pid, host: hostname(), realm: processRealm(), token: 'other' };
  writeFileSync(path, JSON.stringify({ ...whole, ...holder }));
}

function age(seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

const token = () => JSON.parse(readFileSync(path, 'utf8')).token;

test('a lock is there while it is held, and gone after', async () => {
  const lock = await lockModel(model);
  const { pid, host, realm, started } = JSON.parse(readFileSync(path, 'utf8'));
  expect([pid, host, realm]).toEqual([process.pid, hostname(), processRealm()]);
  expect(started).toBe(startOfProcess(process.pid));
  await expect(lockModel(model)).rejects.toThrow(`is being trained by process ${process.pid} on`);
  lock.check();
  lock.release();
  expect(existsSync(path)).toBe(false);
  lock.release();
  (await lockModel(model)).release();
});

describe('of this machine', () => {
  test('a living process holds it, however old it is', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      held({ pid: child.pid, started: startOfProcess(child.pid as number) });
      age(86_400);
      await expect(lockModel(model)).rejects.toThrow(`by process ${child.pid}`);
      expect(token()).toBe('other');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('that of a process that has ended is taken over at once', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    held({ pid });
    const lock = await lockModel(model);
    expect(token()).not.toBe('other');
    lock.release();
  });

  test.skipIf(startOfProcess(process.pid) === undefined)(
    'that of an earlier process with the same number is taken over',
    async () => {
      held({ started: '1' });
      (await lockModel(model)).release();
      expect(existsSync(path)).toBe(false);
    },
  );
});

describe('of another machine', () => {
  test('one that is touched holds, one that is not is taken over', async () => {
    // its process number means nothing here, even if there is such a process
    held({ host: 'elsewhere', realm: 'elsewhere' });
    await expect(lockModel(model)).rejects.toThrow(/on elsewhere/);
    age(50);
    await expect(lockModel(model)).rejects.toThrow(/on elsewhere/);
    age(90);
    (await lockModel(model)).release();
  });

  test.each(['', '{', 'null', '[]', '{"pid":-1}'])(
    'what is written in it may be anything: %j',
    async (text) => {
      writeFileSync(path, text);
      await expect(lockModel(model)).rejects.toThrow(/is being trained/);
      age(90);
      (await lockModel(model)).release();
    },
  );
});

test('who has lost the lock is told so, and leaves the new one alone', async () => {
  const lock = await lockModel(model);
  held({ host: 'elsewhere' });
  expect(() => lock.check()).toThrow(/on elsewhere/);
  lock.release();
  expect(token()).toBe('other');
});

test('a folder that is not there is named', async () => {
  await expect(lockModel(join(model, 'x.json'))).rejects.toThrow(/cannot write to the folder/);
});
