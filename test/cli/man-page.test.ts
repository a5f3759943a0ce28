/** The manual page, as the build writes it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describe as describeOptions } from '#charnn/cli/option.js';
import { commandsFor } from '#charnn/commands/registry.js';

const path = fileURLToPath(new URL('../../dist/man/charnn.1', import.meta.url));
const page = readFileSync(path, 'utf8');
const commands = await commandsFor(undefined);
const isThere = (tool: string) => spawnSync(tool, ['--version']).error === undefined;

test('names every command and every option', () => {
  for (const { name, options } of commands) {
    expect(page).toMatch(new RegExp(`^\\.Ss "charnn ${name}`, 'm'));
    for (const { flags } of describeOptions(options)) {
      expect(page).toContain(`.It "${flags.replaceAll('-', '\\-')}"`);
    }
  }
});

test('is text in ASCII, whose lines are short and never mistaken for requests', () => {
  for (const line of page.split('\n')) {
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    if (line.startsWith('.'))
      expect(line).toMatch(/^\.(Dd|Dt|Os|Sh|Ss|Nm|Nd|Ar|Op|Pp|Bl|It|El|Dl)\b/);
    expect(line.startsWith("'")).toBe(false);
  }
  const packed = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  // npm leaves out the page if this is not a list
  expect(packed.man).toEqual(['./dist/man/charnn.1']);
});

const without = (tool: string) => (isThere(tool) ? '' : ` (not tried: ${tool} is not installed)`);

test.runIf(isThere('mandoc'))(`passes mandoc's lint${without('mandoc')}`, () => {
  const { stdout, status } = spawnSync('mandoc', ['-T', 'lint', path], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
});

test.runIf(isThere('groff'))(`groff sets it without a warning${without('groff')}`, () => {
  const words = ['-mandoc', '-ww', '-Tascii', '-P-c', path];
  const { stdout, stderr } = spawnSync('groff', words, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const text = stdout.replaceAll('\b', '␈').replace(/.␈/g, '').replace(/\s+/g, ' ');
  for (const { name } of commands) expect(text).toContain(`charnn ${name}`);
});
