/**
 * README.md and --help agree with the definitions of the options. UPDATE_DOCS=1 rewrites README's tables.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fullDescription, type OptionGroup } from '#charnn/cli/option.js';
import { commandOptions } from '#charnn/cli/options.js';
import { binary } from './cli/run.js';

const readme = new URL('../README.md', import.meta.url);

function table(groups: readonly OptionGroup[]): string {
  const rows = groups.flatMap(({ title, options }) => [
    ...(groups.length > 1 ? [`| **${title.replace(':', '')}** | |`] : []),
    ...options.map((option) => `| \`${option.flags}\` | ${fullDescription(option)} |`),
  ]);
  return ['| option | |', '|-|-|', ...rows].join('\n');
}

describe.each(Object.entries(commandOptions))('charnn %s', (name, groups) => {
  test('README lists its options as they are', () => {
    const text = readFileSync(readme, 'utf8');
    const [start, end] = [`<!-- options:${name} -->\n`, '\n<!-- /options -->'];
    const from = text.indexOf(start) + start.length;
    const to = text.indexOf(end, from);
    expect(text).toContain(start);
    expect(to).toBeGreaterThanOrEqual(from);
    if (process.env.UPDATE_DOCS) {
      writeFileSync(readme, text.slice(0, from) + table(groups) + text.slice(to));
    } else expect(text.slice(from, to)).toBe(table(groups));
  });

  test('its help fits 80 columns, has examples, and names every option', () => {
    const help = execFileSync(process.execPath, [binary, name, '--help'], { encoding: 'utf8' });
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(help).toContain('Examples:\n  ');
    for (const { options } of groups) {
      for (const { flags } of options) expect(help).toContain(flags);
    }
  });
});

test('the help of the program fits 80 columns and has examples', () => {
  const help = execFileSync(process.execPath, [binary, '--help'], { encoding: 'utf8' });
  for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(help).toContain('Examples:\n  ');
  for (const name of Object.keys(commandOptions))
    expect(help).toMatch(new RegExp(`^ {2}${name} `, 'm'));
});
