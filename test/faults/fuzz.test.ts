/** Files and command lines that nobody meant: read, or refused in words; never a crash. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readAnyModel, readModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { describe as describeOptions } from '#charnn/cli/option.js';
import { createProgram, worded } from '#charnn/cli/program.js';
import { commandsFor } from '#charnn/commands/registry.js';
import { Converter } from '#charnn/convert/converter.js';
import { PairText } from '#charnn/convert/pair-text.js';
import { requireMarks } from '#charnn/library/paired-text.js';
import { loadWeights } from '#charnn/model/load.js';
import { checkResumable, checkTogether, textSettings } from '#charnn/train/resolve.js';
import { referenceScope } from '../backends.js';
import { smallModel, smallPairModel, smallState } from '../checkpoint/models.js';
import { temporaryFolder } from '../folder.js';
import { damage, damaged, isWorded, replaced, routes, tryingToRead } from './damage.js';
import { timeout, times } from './scale.js';

const commands = await commandsFor(undefined);
const numRuns = times(150, 10_000);
const folder = temporaryFolder();
const tryToRead = tryingToRead(join(folder, 'fuzzed.json'));

afterAll(() => {
  const mostBytes = process.resourceUsage().maxRSS * 1024;
  console.info(`at most ${Math.round(mostBytes / 2 ** 20)} MiB of memory`);
  expect(mostBytes).toBeLessThan(2 ** 30);
});

const pairFiles = { plainWeights: true };
const searches = [1, 3].map((beam) => ({ beam, nBest: beam, lengthPenalty: 1, scores: true }));

/** Reads a model of pairs, and converts by whatever has passed for one. */
async function convertBy(from: string): Promise<void> {
  const model = await readAnyModel(from);
  if (!model.config.pairs) return;
  const text = new PairText(model);
  const marks = requireMarks(model.vocabulary);
  for (const search of searches) {
    const scope = referenceScope();
    const { operations } = scope;
    const weights = loadWeights(model, operations);
    const converter = new Converter(operations, model.config, weights, marks, search);
    const sources = ['ab', 'R \u{f0000} AA', '', 'é\t'].map((line) => ({
      ids: text.read(line).ids,
    }));
    const found = await converter.convert(sources);
    expect(found.map(({ length }) => length > 0)).toEqual(sources.map(({ ids }) => ids.length > 0));
    for (const { ids } of found.flat()) text.write(ids);
    scope.release();
  }
}

describe.each([
  ['model', readModel, (to: string) => writeModel(to, smallModel(), { plainWeights: false })],
  ['plain model', readModel, (to: string) => writeModel(to, smallModel(), { plainWeights: true })],
  ['model of pairs', convertBy, (to: string) => writeModel(to, smallPairModel(), pairFiles)],
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

test('a model of pairs with other values before its tensors, and the hash of these', {
  timeout,
}, async () => {
  const whole = join(folder, 'pairs.json');
  await writeModel(whole, smallPairModel(), pairFiles);
  const { sha256: _, tensors, ...head } = JSON.parse(readFileSync(whole, 'utf8'));
  let converted = 0;
  const convert = async (from: string) => {
    await convertBy(from);
    converted++;
  };
  const values = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(0, 1, 2, 'char', 'byte', 'symbol', 'A', [], {}, null, '\t', '\u{f0000}'),
  );
  // what a network and its texts are made of, and seldom the rest
  const keys = fc.constantFrom('model', 'text', 'text', 'vocabulary', 'vocabulary', 'history');
  const routes = fc.tuple(keys, fc.array(fc.nat(), { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(routes, values, ([key, route], part) => {
      const changed = { ...head, [key]: replaced(head[key], route, part) };
      const hash = createHash('sha256').update(JSON.stringify(changed));
      for (const { name, shape, data } of tensors) {
        hash
          .update(JSON.stringify([name, shape]))
          .update(Buffer.from(Float32Array.from(data).buffer));
      }
      const file = { ...changed, tensors, sha256: hash.digest('hex') };
      return tryToRead(convert, JSON.stringify(file));
    }),
    { numRuns: times(300, 10_000) },
  );
  expect(converted).toBeGreaterThan(0);
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
