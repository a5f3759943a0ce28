/** Files of safetensors that nobody meant: read, or refused in words; never a crash, and memory is bounded. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { importModel } from '#charnn/exchange/import-model.js';
import { modelSafetensors } from '#charnn/exchange/safetensors-model.js';
import { smallModel } from '../checkpoint/models.js';
import { fileOf, parts } from '../exchange/safetensors-case.js';
import { temporaryFolder } from '../folder.js';
import { damage, damaged, replaced, routes, tryingToRead } from './damage.js';
import { timeout, times } from './scale.js';

const numRuns = times(150, 10_000);
const folder = temporaryFolder();
const path = join(folder, 'fuzzed.safetensors');
const tryToRead = tryingToRead(path);
const list = join(folder, 'characters.json');
const fixtures = new URL('../fixtures/state-dicts/', import.meta.url);
const { characters } = JSON.parse(readFileSync(new URL('losses.json', fixtures), 'utf8'));
writeFileSync(list, JSON.stringify(characters));

afterAll(() => {
  const mostBytes = process.resourceUsage().maxRSS * 1024;
  console.info(`at most ${Math.round(mostBytes / 2 ** 20)} MiB of memory`);
  expect(mostBytes).toBeLessThan(2 ** 30);
});

describe.each([
  ['a model of charnn', Buffer.concat([...modelSafetensors(smallModel())]), undefined],
  ['a state dict', readFileSync(new URL('lstm.safetensors', fixtures)), list],
  ['a state dict of one matrix', readFileSync(new URL('gru-tied.safetensors', fixtures)), list],
] as const)('%s', (_, whole, vocabulary) => {
  const read = (file: string) => importModel(file, vocabulary);
  const { header, data } = parts(whole);

  test('as it is', async () => {
    writeFileSync(path, whole);
    expect((await read(path)).model.weights.length).toBeGreaterThan(0);
  });

  test('with damaged bytes', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(damage, (places) => tryToRead(read, damaged(whole, places))),
      { numRuns },
    );
  });

  test('with other values in its header', { timeout }, async () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...['F16', 'F64', 'I64', 'U8', 'BOOL', 'F8_E4M3', '', '{}', '[]', 'null']),
      fc.constantFrom(0, 1, -1, 0.5, 4, 2 ** 31, 2 ** 53, 1e308, null),
      fc.constant([]),
      fc.constant({}),
    );
    await fc.assert(
      fc.asyncProperty(routes, values, (route, value) =>
        tryToRead(read, fileOf(replaced(header, route, value), data)),
      ),
      { numRuns },
    );
  });

  test('with tensors of other names, sizes and types', { timeout }, async () => {
    const { __metadata__, ...tensors } = header;
    const names = fc.constantFrom(
      ...Object.keys(tensors),
      ...['rnn.weight_ih_l1', 'rnn.weight_ih_l9999', 'rnn.weight_hr_l0', 'fc.weight', 'fc.bias'],
      ...['__proto__', 'counts', 'weight', '.weight', 'x.weight_hh_l0_reverse', '\u009b2J'],
    );
    const sizes = fc.array(fc.oneof(fc.nat(9), fc.constantFrom(24, 18, 6, 7, 8, 4)), {
      maxLength: 3,
    });
    const entries = fc.array(
      fc.tuple(names, sizes, fc.constantFrom('F32', 'F16', 'BF16', 'F64', 'U8')),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(entries, fc.boolean(), (given, keep) => {
        let end = 0;
        const made = new Map<string, object>();
        for (const [name, shape, dtype] of given) {
          const start = end;
          if (made.has(name)) continue;
          const bytes = { F32: 4, F16: 2, BF16: 2, F64: 8, U8: 1 }[dtype] ?? 1;
          end += shape.reduce((a, b) => a * b, bytes);
          made.set(name, { dtype, shape, data_offsets: [start, end] });
        }
        const added = keep && __metadata__ ? { __metadata__ } : {};
        const all = { ...added, ...Object.fromEntries(made) };
        return tryToRead(read, fileOf(all, Buffer.alloc(end, 1)));
      }),
      { numRuns },
    );
  });
});
