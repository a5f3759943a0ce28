/** The search itself, with trainings that only seem to be: what is tried, who goes on, and what it says in the end. */
import { expect, test } from 'vitest';
import { libraryText } from '#charnn/cells/cell-library.js';
import { defineCell } from '#charnn/cells/definition.js';
import { print } from '#charnn/cells/print.js';
import { parameterTable } from '#charnn/model/parameters.js';
import { type Candidate, type Job, jobOf, type SearchPlan } from '#charnn/search/plan.js';
import { type Outcome, searchCells } from '#charnn/search/search.js';
import { fitCosts, hiddenFor, secondsOf } from '#charnn/search/sizes.js';
import { differences, intervalOf } from '#charnn/search/statistics.js';

const shape = { layers: 1, embedding: 16, vocabulary: 40 };
const plan: SearchPlan = {
  ...{ ...shape, text: 'x', seed: 7, hidden: 32, batchSize: 16, seqLength: 32 },
  ...{ backend: 'auto', threads: 2, seconds: 100, rounds: 4, width: 8, unitSeconds: 1 },
  parameters: parameterTable({ ...shape, cell: 'lstm', hidden: 32 }).count,
  measured: { lstm: 1e-6, gru: 2e-6 },
  costs: [1e-11, 1e-11, 1e-10],
};

/** A loss that depends on the cell, a little on the seed, and on the time that it was trained for */
function pretended(job: Job, merit: (candidate: Candidate) => number): Outcome {
  const noise = ((job.seed * 7919) % 13) / 1e4;
  return { loss: merit(job.candidate) + noise, curve: [[1, merit(job.candidate)]] };
}

const byLength = ({ name, equations }: Candidate) =>
  name === 'lstm' ? 1.5 : name === 'gru' ? 1.6 : 1.4 + (equations.length % 97) / 1000;

async function run(merit: (candidate: Candidate) => number) {
  const rungs: Job[][] = [];
  const result = await searchCells(plan, {
    onRung() {},
    async train(jobs) {
      rungs.push([...jobs]);
      return jobs.map((job) => pretended(job, merit));
    },
  });
  return { rungs, result };
}

test('the better half goes on, for twice the time; then five cells, each on five fresh seeds', async () => {
  const { rungs, result } = await run(byLength);
  expect(rungs.map((jobs) => jobs.length)).toEqual([8, 4, 2, 8, 4, 2, 8, 4, 2, 8, 4, 2, 25]);
  for (let round = 0; round < 4; round++) {
    const [first, second] = rungs.slice(3 * round, 3 * round + 2);
    const losses = first.map(({ candidate }) => byLength(candidate)).sort((a, b) => a - b);
    const kept = second.map(({ candidate }) => byLength(candidate));
    expect(Math.max(...kept)).toBeLessThanOrEqual(losses[4]);
    const [one] = second;
    const before = first.find(({ candidate }) => candidate.name === one.candidate.name);
    expect(one.steps / (before?.steps ?? 0)).toBeCloseTo(2, 1);
  }
  const seeds = new Set(rungs[12].map(({ seed }) => seed));
  expect([...seeds]).toEqual([8, 9, 10, 11, 12]);
  expect(result.finalists).toHaveLength(5);
});

test('rounds of mutations of the best and of chance take turns', async () => {
  const { result } = await run(byLength);
  for (const { candidate } of result.tried) {
    expect(candidate.isEvolved).toBe(candidate.round % 2 === 1);
    if (candidate.isEvolved) continue;
    // what chance makes knows nothing of losses
    expect(['lstm', 'gru']).toContain(candidate.parent);
  }
  const third = result.tried.filter(({ candidate }) => candidate.round === 3);
  expect(third.some(({ candidate }) => candidate.parent?.startsWith('c'))).toBe(true);
});

test('no cell is one of the two that the search began with', async () => {
  const { result } = await run(byLength);
  const known = (['lstm', 'gru'] as const).map((name) => print(defineCell(libraryText(name))));
  for (const { candidate } of result.tried) expect(known).not.toContain(candidate.equations);
});

test('the same losses lead to the same cells', async () => {
  const [a, b] = [await run(byLength), await run(byLength)];
  expect(b).toEqual(a);
});

test('cells that are better by more than seeds differ are said to be better, and no others', async () => {
  const better = await run(byLength);
  const searched = better.result.finalists.filter(({ candidate }) => candidate.round > 0);
  expect(better.result.better).toEqual(searched.map(({ candidate }) => candidate.name));
  const worse = await run((candidate) => byLength(candidate) + (candidate.round > 0 ? 1 : 0));
  expect(worse.result.better).toEqual([]);
  expect(worse.result.worse).toHaveLength(3);
  let count = 0;
  const noisy = await run((candidate) =>
    candidate.round > 0 ? 1.5 + ((count++ * 31) % 17) / 100 : 1.58,
  );
  expect([noisy.result.better, noisy.result.worse]).toEqual([[], []]);
});

test('a cell that diverges comes last, and never among the best', async () => {
  const result = await searchCells(plan, {
    onRung() {},
    train: async (jobs) =>
      jobs.map((job) =>
        job.candidate.equations.length % 3 === 0 && job.candidate.round > 0
          ? { loss: null, curve: [] }
          : pretended(job, byLength),
      ),
  });
  expect(result.tried.some(({ loss }) => loss === null)).toBe(true);
  for (const { candidate } of result.finalists) {
    if (candidate.round > 0) expect(candidate.equations.length % 3).not.toBe(0);
  }
});

test('all cells have about as many parameters, and time in equal shares', () => {
  const candidate = (equations: string): Candidate => ({
    ...{ name: 'c1', equations, parent: 'lstm', round: 1, isEvolved: true },
  });
  for (const text of ["h' = tanh(W x + U h + b)", "z = sigmoid(W x)\nh' = z*h + (1 - z)*(P x)"]) {
    const { hidden } = jobOf(plan, candidate(text), 1, 1);
    const choice = { cell: 'c1', equations: text };
    const { count } = parameterTable({ ...shape, ...choice, hidden });
    expect(Math.abs(count / plan.parameters - 1)).toBeLessThan(0.02);
    expect(hiddenFor(choice, shape, count)).toBe(hidden);
  }
  const lstm = { ...candidate(''), name: 'lstm' };
  expect(jobOf(plan, lstm, 1, 1).steps).toBe(Math.round(1 / (1e-6 * 16 * 32)));
});

test('costs are found again from cells that were timed, and none is below 0', () => {
  const truth = [2e-11, 5e-10, 3e-9] as const;
  const works = [
    [40_000, 900, 100],
    [90_000, 500, 0],
    [20_000, 2500, 300],
    [60_000, 1500, 100],
  ] as const;
  const timed = works.map((work) => ({ work, seconds: secondsOf(work, truth) }));
  fitCosts(timed).forEach((cost, k) => {
    expect(cost / truth[k]).toBeCloseTo(1, 2);
  });
  const contrary = [
    { work: [1000, 10, 0] as const, seconds: 1 },
    { work: [1000, 500, 0] as const, seconds: 0.5 },
  ];
  for (const cost of fitCosts(contrary)) expect(cost).toBeGreaterThanOrEqual(0);
});

test('intervals are those of Student', () => {
  // 1 to 5: mean 3, deviation √2.5, so 2.776 · √(2.5 / 5)
  expect(intervalOf([1, 2, 3, 4, 5])).toEqual({ mean: 3, margin: expect.closeTo(1.9629, 3) });
  expect(intervalOf([1, 2, 3, 4, 5], 3).margin).toBeCloseTo(2.8008, 3);
  expect(differences([3, 5], [1, 9])).toEqual([2, -4]);
});
