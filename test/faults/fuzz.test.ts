/** Files and command lines that nobody meant: read, or refused in words; never a crash. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { describe as describeOptions } from '#charnn/cli/option.js';
import { createProgram, worded } from '#charnn/cli/program.js';
import { commandsFor } from '#charnn/commands/registry.js';
import { CharnnError } from '#charnn/errors.js';
import { checkResumable, checkTogether, textSettings } from '#charnn/train/resolve.js';
import { smallModel, smallState } from '../checkpoint/models.js';
import { temporaryFolder } from '../folder.js';
import { timeout, times } from './scale.js';

const commands = await commandsFor(undefined);
const numRuns = times(150, 10_000);
const folder = temporaryFolder();
const path = join(folder, 'fuzzed.json');

afterAll(() => {
  const mostBytes = process.resourceUsage().maxRSS * 1024;
  console.info(`at most ${Math.round(mostBytes / 2 ** 20)} MiB of memory`);
  expect(mostBytes).toBeLessThan(2 ** 30);
});

/** An error of ours, in one line. */
function isWorded(error: unknown): boolean {
  return error instanceof CharnnError && /^[^\n]+$/.test(error.message);
}

async function tryToRead(read: (path: string) => Promise<unknown>, bytes: Uint8Array | string) {
  writeFileSync(path, bytes);
  try {
    await read(path);
  } catch (error) {
    if (!isWorded(error)) throw error;
  }
}

/** Bytes cut out, put in, doubled or changed. */
const damage = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.oneof(fc.nat(3), fc.nat(400)),
    added: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom('"', '{', '}', '[', ']', ',', ':', '-1', '1e999', 'null', '\\', '\\ud800')
        .map((text) => Buffer.from(text)),
      fc.constantFrom('[', '{"a":').map((text) => Buffer.from(text.repeat(200_000))),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(bytes: Buffer, places: typeof damage extends fc.Arbitrary<infer T> ? T : never) {
  return places.reduce((old, { at, removed, added }) => {
    const start = Math.floor(at * old.length);
    return Buffer.concat([old.subarray(0, start), added, old.subarray(start + removed)]);
  }, bytes);
}

/** A JSON value with some of its parts, at any depth, put in place of others. */
function replaced(value: unknown, route: readonly number[], part: unknown): unknown {
  if (route.length === 0 || typeof value !== 'object' || value === null) return part;
  const keys = Object.keys(value);
  if (keys.length === 0) return part;
  const key = keys[route[0] % keys.length];
  const inner = replaced((value as Record<string, unknown>)[key], route.slice(1), part);
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? inner : item));
  return { ...value, [key]: inner };
}

describe.each([
  ['model', readModel, (to: string) => writeModel(to, smallModel(), { plainWeights: false })],
  ['plain model', readModel, (to: string) => writeModel(to, smallModel(), { plainWeights: true })],
  ['state', readState, (to: string) => writeState(to, smallState())],
] as const)('a %s', (name, read, write) => {
  const whole = join(folder, `${name}.json`);
  const original = write(whole).then(() => readFileSync(whole));

  test('with damaged bytes', { timeout }, async () => {
    const bytes = await original;
    await fc.assert(
      fc.asyncProperty(damage, (places) => tryToRead(read, damaged(bytes, places))),
      { numRuns },
    );
  });

  test('with other values in it, and no hash to give them away', { timeout }, async () => {
    const { sha256: _, ...rest } = JSON.parse((await original).toString());
    const routes = fc.array(fc.nat(), { minLength: 1, maxLength: 5 });
    const parts = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(1e9, 2 ** 53, -1, 0.5, '', 'lstm', 'base64', 'plain', [], {}, null),
    );
    await fc.assert(
      fc.asyncProperty(routes, parts, (route, part) =>
        tryToRead(read, JSON.stringify(replaced({ ...rest, version: 1 }, route, part))),
      ),
      { numRuns },
    );
  });
});

describe('a command line', () => {
  const flags = commands.flatMap(({ options }) =>
    describeOptions(options).flatMap(({ flags }) => flags.split(/[ ,]+/)),
  );
  const value = fc.oneof(
    fc.constantFrom('0', '1', '-1', '1e999', 'NaN', '0x10', '1e3', '', ' ', '-', '--', '1.5', '3m'),
    fc.constantFrom('lstm', 'adam', 'byte', 'nfc', '__proto__', 'constructor', '\u202e', 'a\nb'),
    fc.string(),
  );
  const flag = fc.oneof(
    fc.constantFrom(...flags),
    fc.constantFrom(...flags).map((name) => name.slice(0, -1)),
    fc.string().map((name) => `--${name}`),
  );
  const word = fc.oneof(
    flag,
    value,
    fc.tuple(flag, value).map(([name, given]) => `${name}=${given}`),
  );
  const line = fc.tuple(
    fc.oneof(fc.constantFrom(...commands.map(({ name }) => name as string)), fc.string()),
    fc.array(word, { maxLength: 8 }),
  );

  test('is taken, or refused in one line', { timeout }, async () => {
    let ran = 0;
    const program = () => {
      const made = createProgram(
        commands.map((definition) => ({
          ...definition,
          arguments: '[text...]',
          run: async (_: readonly string[], options: never) => {
            ran++;
            if (definition.name !== 'train') return;
            checkTogether(options);
            textSettings(options);
            checkResumable(options);
          },
        })),
        { before() {}, isBrief: false, allCommands: async () => commands },
      );
      for (const part of [made, ...made.commands]) part.configureOutput({ writeOut() {} });
      return made;
    };
    await fc.assert(
      fc.asyncProperty(line, async ([command, words]) => {
        try {
          await program().parseAsync([command, ...words], { from: 'user' });
        } catch (error) {
          const complaint = error instanceof CommanderError ? worded(error) : error;
          if (complaint !== undefined && !isWorded(complaint)) throw error;
        }
      }),
      { numRuns: times(500, 10_000) },
    );
    expect(ran).toBeGreaterThan(0);
  });
});
