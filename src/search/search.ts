/**
 * The search for a cell: rounds of mutation and successive halving, then a final training of the best three, LSTM and
 * GRU on fresh seeds.
 *
 * What is tried depends only on the plan and on the losses of earlier training runs, not on time or threads. So a
 * search that was interrupted continues from the recorded losses, and comes to the same result.
 */
import { defineCell } from '../cells/definition.js';
import { print } from '../cells/print.js';
import { Random } from '../model/random.js';
import { mutate } from './mutate.js';
import {
  type Baseline,
  baseline,
  baselines,
  type Candidate,
  type Job,
  jobOf,
  rungsOf,
  type SearchPlan,
} from './plan.js';
import { differences, finalRuns, type Interval, intervalOf } from './statistics.js';

/** Validation losses of one training run, in nats per character */
export interface Outcome {
  /** The lowest validation loss; null if the training run diverged */
  readonly loss: number | null;
  /** All validation losses, each with the fraction of the steps after which it was measured */
  readonly curve: readonly (readonly [share: number, loss: number])[];
}

export interface RungEvent {
  readonly type: 'rung';
  readonly round: number;
  readonly isEvolved: boolean;
  readonly cells: number;
  readonly seconds: number;
  readonly best: { readonly name: string; readonly loss: number | null };
}

export interface SearchWork {
  /** Carries out the given training runs, in parallel if possible. */
  train(jobs: readonly Job[]): Promise<readonly Outcome[]>;
  onRung(event: RungEvent): void;
}

/** A cell and its training in a round: how long it was trained, and with what result */
export interface Tried {
  readonly candidate: Candidate;
  readonly hidden: number;
  /** 0 for the first training runs of a round, 1 for the training runs of the better half, and so on */
  readonly rung: number;
  readonly loss: number | null;
}

export interface Finalist {
  readonly candidate: Candidate;
  readonly hidden: number;
  readonly steps: number;
  /** The outcomes of the final training runs, one for each seed */
  readonly outcomes: readonly Outcome[];
  /** Mean loss and its 95 % confidence interval; undefined if a training run diverged */
  readonly loss: Interval | undefined;
  /**
   * Mean of the differences from the losses of LSTM with the same seeds; undefined for LSTM and GRU, and if a training
   * run diverged. The intervals of all other finalists hold simultaneously with 95 % confidence.
   */
  readonly toLstm: Interval | undefined;
}

export interface SearchResult {
  /** Every cell that was tried, with its longest training run in a round */
  readonly tried: readonly Tried[];
  /** LSTM, GRU and the best cells found, best first */
  readonly finalists: readonly Finalist[];
  /** Names of the cells found that are significantly better than LSTM, and of those that are significantly worse */
  readonly better: readonly string[];
  readonly worse: readonly string[];
}

/** Number of cells found that enter the final comparison */
const bestCount = 3;
/** Max number of the best cells so far that are changed to make the cells of a round */
const parentCount = 4;

export async function searchCells(plan: SearchPlan, work: SearchWork): Promise<SearchResult> {
  const tried: Tried[] = [];
  // equations in the form in which `mutate` writes them, so that equal cells are recognised
  const seen = new Set(baselines.map((name) => print(defineCell(baseline(name).equations))));
  for (let round = 1; round <= plan.rounds; round++) {
    const candidates = newCandidates(plan, round, tried, seen);
    tried.push(...(await halved(plan, round, candidates, work)));
  }
  const best = [...tried].sort(byMerit).filter(({ loss }) => loss !== null);
  const last = best.slice(0, bestCount).map(({ candidate }) => candidate);
  const finalists = await compared(plan, [...baselines.map(baseline), ...last], work);
  const found = finalists.filter(({ candidate }) => candidate.round > 0);
  const names = (isSo: (difference: Interval) => boolean) =>
    found.filter(({ toLstm }) => toLstm && isSo(toLstm)).map(({ candidate }) => candidate.name);
  return {
    ...{ tried, finalists },
    better: names(({ mean, margin }) => mean + margin < 0),
    worse: names(({ mean, margin }) => mean - margin > 0),
  };
}

/** The cells of a round: odd rounds change the best cells so far, even rounds change LSTM and GRU at random. */
function newCandidates(
  { seed, width }: SearchPlan,
  round: number,
  tried: readonly Tried[],
  seen: Set<string>,
): Candidate[] {
  const random = new Random(seed, round);
  const isEvolved = round % 2 === 1;
  const parents = [...baselines.map(baseline)];
  if (isEvolved) {
    const best = tried.filter(({ candidate, loss }) => candidate.isEvolved && loss !== null);
    // LSTM and GRU remain among the cells that are changed until enough other cells have been found
    parents.unshift(...best.sort(byMerit).map(({ candidate }) => candidate));
    parents.splice(parentCount);
  }
  const candidates: Candidate[] = [];
  // an even round changes LSTM or GRU as many times as there have been odd rounds, since the best cells may have been
  // changed once in each of these
  const changes = isEvolved ? 1 : Math.ceil(round / 2);
  for (let i = 0; candidates.length < width && i < 10 * width; i++) {
    const parent = parents[Math.floor(random.uniform() * parents.length)];
    let equations: string | undefined = parent.equations;
    for (let k = 0; k < changes && equations !== undefined; k++) {
      equations = mutate(equations, random, (text) => seen.has(text));
    }
    if (equations === undefined) continue;
    seen.add(equations);
    const name = `c${(round - 1) * width + candidates.length + 1}`;
    candidates.push({ name, equations, parent: parent.name, round, isEvolved });
  }
  return candidates;
}

/** Trains the cells of a round, then the better half of them for twice the time, and so on. */
async function halved(
  plan: SearchPlan,
  round: number,
  candidates: readonly Candidate[],
  { train, onRung }: SearchWork,
): Promise<Tried[]> {
  const last = new Map<string, Tried>();
  let left = candidates;
  for (const [rung, size] of rungsOf(plan.width).entries()) {
    left = left.slice(0, size);
    const seconds = plan.unitSeconds * 2 ** rung;
    const jobs = left.map((candidate) => jobOf(plan, candidate, seconds, plan.seed));
    const outcomes = await train(jobs);
    const results = jobs.map(({ candidate, hidden }, i) => ({
      ...{ candidate, hidden, rung, loss: outcomes[i].loss },
    }));
    for (const result of results) last.set(result.candidate.name, result);
    const sorted = results.sort(byMerit);
    left = sorted.map(({ candidate }) => candidate);
    if (sorted.length === 0) break;
    const [{ candidate, loss }] = sorted;
    const best = { name: candidate.name, loss };
    const { isEvolved } = candidate;
    onRung({ type: 'rung', round, isEvolved, cells: results.length, seconds, best });
  }
  return [...last.values()];
}

/** Sorts cells by how long they were trained, longest first, and then by loss, lowest first. */
function byMerit(a: Tried, b: Tried): number {
  const lossOf = ({ loss }: Tried) => loss ?? Number.POSITIVE_INFINITY;
  if (a.rung !== b.rung) return b.rung - a.rung;
  // the losses of two diverged training runs are equal; Infinity - Infinity would be NaN
  return lossOf(a) === lossOf(b) ? 0 : lossOf(a) - lossOf(b);
}

async function compared(
  plan: SearchPlan,
  candidates: readonly Candidate[],
  { train }: SearchWork,
): Promise<Finalist[]> {
  const seconds = plan.unitSeconds * 2 ** (rungsOf(plan.width).length - 1);
  const seeds = Array.from({ length: finalRuns }, (_, i) => plan.seed + 1 + i);
  const jobs = candidates.map((candidate) =>
    seeds.map((seed) => jobOf(plan, candidate, seconds, seed)),
  );
  const outcomes = await train(jobs.flat());
  const losses = (i: number) => {
    const own = outcomes.slice(i * finalRuns, (i + 1) * finalRuns).map(({ loss }) => loss);
    return own.every((loss) => loss !== null) ? own : undefined;
  };
  const lstm = losses(candidates.findIndex(({ name }) => name === ('lstm' satisfies Baseline)));
  const comparisons = Math.max(1, candidates.length - baselines.length) as 1 | 2 | 3;
  return candidates
    .map((candidate, i): Finalist => {
      const own = losses(i);
      const isSearched = candidate.round > 0;
      return {
        candidate,
        hidden: jobs[i][0].hidden,
        steps: jobs[i][0].steps,
        outcomes: outcomes.slice(i * finalRuns, (i + 1) * finalRuns),
        loss: own && intervalOf(own),
        toLstm:
          own && lstm && isSearched ? intervalOf(differences(own, lstm), comparisons) : undefined,
      };
    })
    .sort((a, b) => (a.loss?.mean ?? Number.MAX_VALUE) - (b.loss?.mean ?? Number.MAX_VALUE));
}
