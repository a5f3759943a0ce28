/**
 * README.md and --help agree with the definitions of the options. UPDATE_DOCS=1 rewrites README's tables.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describe as describeOptions } from '#charnn/cli/option.js';
import { commandsFor } from '#charnn/commands/registry.js';
import type { OptionTable } from '#charnn/options/table.js';
import { binary } from './commands/run.js';

const commands = await commandsFor(undefined);
const readme = new URL('../README.md', import.meta.url);

function tableOf(options: OptionTable): string {
  const described = describeOptions(options);
  const topics = [...new Set(described.map(({ topic }) => topic))];
  const rows = topics.flatMap((title) => [
    ...(topics.length > 1 ? [`| **${title}** | |`] : []),
    ...described
      .filter(({ topic }) => topic === title)
      .map(({ flags, description }) => `| \`${flags}\` | ${description} |`),
  ]);
  return ['| option | |', '|-|-|', ...rows].join('\n');
}

const definitions = commands.map(({ name, options }) => [name, options as OptionTable] as const);

describe.each(definitions)('charnn %s', (name, options) => {
  test('README lists its options as they are', () => {
    const text = readFileSync(readme, 'utf8');
    const [start, end] = [`<!-- options:${name} -->\n`, '\n<!-- /options -->'];
    const from = text.indexOf(start) + start.length;
    const to = text.indexOf(end, from);
    expect(text).toContain(start);
    expect(to).toBeGreaterThanOrEqual(from);
    if (process.env.UPDATE_DOCS) {
      writeFileSync(readme, text.slice(0, from) + tableOf(options) + text.slice(to));
    } else expect(text.slice(from, to)).toBe(tableOf(options));
  });

  test('its help fits 80 columns, has examples, and names every option', () => {
    const help = execFileSync(process.execPath, [binary, name, '--help'], { encoding: 'utf8' });
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(help).toContain('Examples:\n  ');
    for (const { flags } of describeOptions(options)) expect(help).toContain(flags);
  });
});

test('the help of the program fits 80 columns and has examples', () => {
  const help = execFileSync(process.execPath, [binary, '--help'], { encoding: 'utf8' });
  for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(help).toContain('Examples:\n  ');
  for (const { name } of commands) expect(help).toMatch(new RegExp(`^ {2}${name} `, 'm'));
});

describe('the architecture note', () => {
  const source = new URL('../src/', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });

  test('names only files and folders that there are', () => {
    const note = readFileSync(new URL('README.md', source), 'utf8');
    const named = [...note.matchAll(/`([a-z][\w/-]*(?:\.(?:ts|c|h)|\/))`/g)].map(
      ([, path]) => path,
    );
    expect(named.length).toBeGreaterThan(50);
    const known = [...files.map((file) => `/${file}`), '/dist/'];
    const isThere = (path: string) =>
      known.some((file) => `${file}/`.endsWith(`/${path.replace(/\/$/, '')}/`)) ||
      files.some((file) => file.includes(path));
    expect(named.filter((path) => !isThere(path) && !/^test\/|NAME/.test(path))).toEqual([]);
  });

  test('is right that the name of a file occurs once', () => {
    const names = files
      .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
      .map((file) => file.slice(file.lastIndexOf('/') + 1));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

test('a command is found by its name alone', async () => {
  for (const { name } of commands) {
    expect((await commandsFor(name)).map((found) => found.name)).toEqual([name]);
  }
  expect((await commandsFor('toString')).length).toBe(commands.length);
});
