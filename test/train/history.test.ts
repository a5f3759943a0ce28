/** Histories of long trainings: bounded, the same however often a training was stopped, and readable. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { limits } from '#charnn/limits.js';
import { History } from '#charnn/train/saving/history.js';
import { smallModel, smallState } from '../checkpoint/models.js';
import { Folder } from '../commands/run.js';
import { temporaryFolder } from '../folder.js';

const folder = temporaryFolder();

function entryAt(place: number) {
  const wave = Math.sin(place / 7) / 10;
  return {
    step: (place + 1) * 20,
    epoch: (place + 1) / 3,
    trainLoss: 1 + 2 / (1 + place / 50) + wave,
    validationLoss: 1.1 + 2 / (1 + place / 50) + Math.cos(place / 5) / 10,
    learningRate: 0.002,
    gradientNorm: 0.5 + wave,
    clipped: 0.25,
  };
}

const million = Array.from({ length: 1_000_000 }, (_, place) => entryAt(place));

test('a million validations: few are kept, from the first to the latest, the best among them', () => {
  const history = History.of(million);
  const { entries } = history;
  expect(entries.length).toBeLessThanOrEqual(limits.history);
  expect(entries.length).toBeGreaterThan(limits.history / 2 - 1);
  expect(entries[0]).toBe(million[0]);
  expect(entries.at(-1)).toBe(million.at(-1));
  const lowest = million.reduce((a, b) => Math.min(a, b.validationLoss), 99);
  expect(entries.some(({ validationLoss }) => validationLoss === lowest)).toBe(true);
  expect(million[million.length - 1 - history.sinceBest].validationLoss).toBe(lowest);
});

test('a million validations are saved, read, inspected and reported', async () => {
  const here = new Folder();
  const [model, state] = ['long.json', 'long.state.json'].map((name) => join(here.path, name));
  await writeModel(model, { ...smallModel(), history: million }, { plainWeights: false });
  await writeState(state, { ...smallState(), history: million });
  for (const path of [model, state]) expect(statSync(path).size).toBeLessThan(2 ** 20);
  const [read, resumed] = [await readModel(model), await readState(state)];
  expect(read.history).toEqual(History.of(million).entries);
  expect(resumed.history).toEqual(read.history);
  expect(resumed.validations?.count).toBe(million.length);
  const inspected = await here.run(['inspect', 'long.json', '--json']);
  expect(inspected.status).toBe(0);
  expect(JSON.parse(inspected.stdout).history.length).toBe(read.history.length);
  const reported = await here.run(['report', 'long.json', '-o', 'long.html']);
  expect([reported.status, reported.stderr]).toEqual([0, expect.not.stringContaining('charnn:')]);
});

test('a training that is stopped and resumed anywhere keeps and decides the same', async () => {
  const place = join(folder, 'stopped.state.json');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: 0.5, max: 3, noNaN: true }), { minLength: 3, maxLength: 9 }),
      fc.integer({ min: 1, max: 3 * limits.history }),
      fc.integer({ min: 1, max: 2 * limits.history }),
      async (losses, before, after) => {
        const entry = (i: number) => ({
          trainLoss: losses[i % losses.length] + 1 / (i + 1),
          validationLoss: losses[(i * i) % losses.length] + (i % 1000) / 1000,
        });
        const whole = new History();
        for (let i = 0; i < before; i++) whole.add(entry(i));
        const { entries, summary } = whole;
        await writeState(place, { ...smallState(), history: entries, validations: summary });
        const { history, validations } = await readState(place);
        const resumed = History.of(history, validations);
        for (let i = before; i < before + after; i++)
          for (const h of [whole, resumed]) h.add(entry(i));
        expect(resumed.entries).toEqual(whole.entries);
        expect(resumed.summary).toEqual(whole.summary);
        expect(resumed.sinceBest).toBe(whole.sinceBest);
        for (const loss of [1, 2, 3, 4]) {
          expect(resumed.isFarAboveBest(loss)).toBe(whole.isFarAboveBest(loss));
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('a state whose history is not what is kept of as many is refused by name', async () => {
  const path = join(folder, 'wrong.state.json');
  await writeState(path, { ...smallState(), history: million.slice(0, 5000) });
  const { sha256: _, history, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
  const write = (kept: unknown[]) =>
    writeFileSync(path, JSON.stringify({ ...rest, version: 1, history: kept }));
  write(history);
  expect((await readState(path)).history.length).toBe(history.length);
  write(history.slice(1));
  await expect(readState(path)).rejects.toThrow(
    /history must have \d+ entries after 5000 validations, not/,
  );
});
