/** Compressed files with a valid checksum, states, logs and expressions that nobody meant: taken, or refused in words. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { readRun } from '#charnn/commands/input/read-run.js';
import { unpack } from '#charnn/compress/container.js';
import { CharnnError } from '#charnn/errors.js';
import { constraintOf } from '#charnn/sample/pattern/constraint.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { smallState } from '../checkpoint/models.js';
import { temporaryFolder } from '../folder.js';
import { timeout, times } from './scale.js';

const numRuns = times(300, 20_000);
const folder = temporaryFolder();

/** Runs it; what it throws must be an error of ours, in one short line. */
async function tried<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CharnnError && /^[^\n]{1,1000}$/.test(error.message)) return undefined;
    throw error;
  }
}

const numbers = fc.oneof(
  fc.constantFrom(0, -1, 0.5, 1e-300, 1e308, 2 ** 31, 2 ** 53, 1024, 16384, null, '', 'x', []),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
);

describe('a compressed file with a valid checksum', () => {
  const config = { cell: 'lstm', layers: 1, hidden: 256, embedding: 64, vocabulary: 4 };
  const model = { config, alphabet: Buffer.from([1, 2, 3]).toString('base64') };
  const settings = { streams: 2, chunk: 16, lanes: 2, rate: 0.004 };
  const coding = { characters: 5000, ...settings, backend: 'reference', probe: 'x', model };
  const content = { version: 3, bytes: 5000, sha256: 'x', parts: [3, 4], coding };

  function packed(header: unknown): Buffer {
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const checksum = createHash('sha256').update(json).digest().subarray(0, 8);
    return Buffer.concat([
      Buffer.from('charnn\0z', 'latin1'),
      length,
      json,
      checksum,
      Buffer.alloc(7),
    ]);
  }

  test('as compress writes it: taken', () => {
    expect(unpack(packed(content), 'x').header.coded?.parts).toEqual([3, 4]);
  });

  test('with other values: what is taken keeps to the limits of what compress writes', {
    timeout,
  }, async () => {
    const places = fc.constantFrom(
      ...['bytes', 'parts', 'coding.characters', 'coding.streams', 'coding.chunk', 'coding.lanes'],
      ...['coding.rate', 'coding.backend', 'coding.model.config.layers', 'coding.model.alphabet'],
      ...[
        'coding.model.config.hidden',
        'coding.model.config.embedding',
        'coding.model.config.cell',
      ],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(places, numbers), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const header = structuredClone(content) as Record<string, unknown>;
          for (const [place, value] of changes) put(header, place, value);
          const coded = (await tried(() => unpack(packed(header), 'x')))?.header.coded;
          if (coded === undefined || !('config' in coded.how.model)) return;
          const { streams, lanes, chunk, model: taken } = coded.how;
          expect(Math.max(streams, lanes)).toBeLessThanOrEqual(32);
          expect(chunk).toBe(16);
          expect(taken.config.layers * taken.config.hidden).toBeLessThanOrEqual(256);
        },
      ),
      { numRuns },
    );
  });
});

function put(target: Record<string, unknown>, place: string, value: unknown): void {
  const [key, ...rest] = place.split('.');
  if (rest.length === 0) target[key] = value;
  else if (typeof target[key] === 'object' && target[key] !== null) {
    put(target[key] as Record<string, unknown>, rest.join('.'), value);
  }
}

describe('a state without a hash', () => {
  const path = join(folder, 'made-up.state.json');
  const original = writeState(path, smallState()).then(() => {
    const { sha256: _, ...state } = JSON.parse(readFileSync(path, 'utf8'));
    return { ...state, version: 1 };
  });

  test.each([
    ['plan.evalEvery', [0, 1e-300, -1, 0.5, 2 ** 53]],
    ['plan.steps', [0, -1, 1e300]],
    ['config.dropout', [5, 1, -0.1]],
    ['config.weightDrop', [1, -1]],
    ['config.average', [1, 2]],
    ['config.batchSize', [0, -1, 2 ** 40]],
    ['config.threads', [0, 1025]],
    ['config.optimizer.epsilon', [0, -1]],
    ['config.optimizer.beta2', [1, -0.5]],
    ['config.optimizer.momentum', [1, 7]],
    ['config.optimizer.weightDecay', [-1]],
    ['config.schedule.rate', [0, -1]],
    ['config.schedule.warmup', [-1, 0.5]],
    ['config.schedule.finalRate', [-1, 2]],
    ['config.schedule.every', [0, -1]],
    ['config.clip.limit', [0, -1]],
    ['config.length.steps', [0, 1e300]],
    ['step', [-1, 0.5]],
    ['seconds', [-1]],
    ['plateau.factor', [-1, 2]],
    ['tally.clipped', [-1]],
    ['tally.gradientNorm', [-1]],
    ['rollbacks', [-1]],
  ] as const)('with %s out of its range is refused, the field named', async (place, values) => {
    const field = place.split('.').at(-1) as string;
    for (const value of values) {
      const state = structuredClone(await original);
      put(state, place, value);
      writeFileSync(path, JSON.stringify(state));
      await expect(readState(path), `${value}`).rejects.toThrow(new RegExp(`: ${field} must be `));
    }
  });

  test('with any values anywhere', { timeout }, async () => {
    const state = await original;
    const places = Object.entries(state).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((inner) => `${key}.${inner}`)
        : [key],
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), numbers, async (place, value) => {
        const changed = structuredClone(state);
        put(changed, place, value);
        writeFileSync(path, JSON.stringify(changed));
        await tried(() => readState(path));
      }),
      { numRuns },
    );
  });
});

test('a log of any events is shown or refused', { timeout }, async () => {
  const path = join(folder, 'made-up.log');
  const event = fc.record({
    type: fc.constantFrom('start', 'progress', 'validation', 'sample', 'end', '__proto__'),
    step: numbers,
    loss: numbers,
    trainLoss: numbers,
    validationLoss: numbers,
    model: numbers,
    text: numbers,
  });
  const line = fc.oneof(
    event.map((one) => JSON.stringify(one)),
    fc.string(),
    fc.constantFrom('[', 'null', '{"type":"validation","step":1,"trainLoss":2,"validationLoss":3}'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
      writeFileSync(path, lines.join('\n'));
      const run = await tried(() => readRun(path));
      if (run) expect(run.training.steps.every(Number.isFinite)).toBe(true);
    }),
    { numRuns },
  );
});

test('an expression of any characters and repeats is taken or refused', { timeout }, async () => {
  const vocabulary = Vocabulary.of(
    'char',
    Array.from('abc01-. é\n', (c) => c.codePointAt(0) ?? 0),
  );
  const piece = fc.oneof(
    fc.constantFrom(...'abz01().*+?|^$[]{}\\,-'),
    fc.constantFrom(
      '(',
      ')',
      '(?:',
      '{0,99999999999}',
      '{9999999}',
      '{2,}',
      '\\p{L}',
      '[^a]',
      '.',
      '(a|b)*',
      '(?<x>',
    ),
    fc.string({ maxLength: 3 }),
  );
  const source = fc.oneof(
    fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join('')),
    fc.tuple(piece, fc.nat(6000), piece).map(([open, n, end]) => open.repeat(n) + end.repeat(n)),
  );
  const permitted = new Uint8Array(vocabulary.symbols.length);
  await fc.assert(
    fc.asyncProperty(source, fc.boolean(), async (text, asClass) => {
      const options = asClass ? { allow: text } : { match: text };
      let state = await tried(() => constraintOf({ ...options, ending: [] }, vocabulary, 200));
      for (let left = 20; state?.writeMask(permitted, left) && left > 0; left--) {
        state = state.after(permitted.lastIndexOf(1));
      }
    }),
    { numRuns: times(120, 20_000) },
  );
});
