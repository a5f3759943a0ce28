/** The scripts in data/: texts of known time lag. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../data/long-memory.mjs', import.meta.url));

function lines(...args: string[]): string[] {
  return execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' })
    .trim()
    .split('\n');
}

test('a letter comes back after every delay up to the lag', () => {
  const found = lines('delay', '--lag', '9', '--lines', '300');
  expect(found).toHaveLength(300);
  for (const line of found) expect(line).toMatch(/^([a-h])\.*\?\1$/);
  const delays = new Set(found.map((line) => line.length - 1));
  expect([...delays].sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
});

test('brackets close in the reverse order of their opening', () => {
  const closing: Record<string, string> = { '(': ')', '[': ']', '{': '}', '<': '>' };
  for (const line of lines('brackets', '--depth', '5', '--lines', '50')) {
    const [open, close] = [line.slice(0, 5), line.slice(5)];
    expect(close).toBe(
      Array.from(open, (left) => closing[left])
        .reverse()
        .join(''),
    );
  }
});

test('there are as many b as a', () => {
  for (const line of lines('count', '--most', '7', '--lines', '50')) {
    expect(line).toMatch(/^a{1,7}b{1,7}$/);
    expect(line.lastIndexOf('a')).toBe(line.length / 2 - 1);
  }
});

test('the same seed gives the same text, another seed another', () => {
  const text = (seed: string) => lines('brackets', '--seed', seed).join();
  expect(text('3')).toBe(text('3'));
  expect(text('4')).not.toBe(text('3'));
});

test.each([
  [[], /name a task: delay, brackets, count/],
  [['delay', '--lag', '1'], /--lag must be an integer of at least 2, not 1/],
])('%j is refused', (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});
