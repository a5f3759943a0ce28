/** What is settled when a search begins and recorded, so that a resumed one comes to the same. */

import type { BackendName } from '../backend/device.js';
import { fusedNames, libraryText } from '../cells/cell-library.js';
import { chooseCell } from '../model/cells/cells.js';
import { parameterTable } from '../model/parameters.js';
import { trainingSpeed } from '../train/length/benchmark.js';
import { type Costs, fitCosts, hiddenFor, type Shape, secondsOf, workOf } from './sizes.js';
import { finalRuns } from './statistics.js';

/** The searched cells start from these, and are compared with them. */
export const baselines = ['lstm', 'gru'] as const;
export type Baseline = (typeof baselines)[number];

export interface SearchSettings extends Shape {
  /** Of the text: SHA-256 of its ids, so that a search goes on with the same one only */
  readonly text: string;
  readonly seed: number;
  /** Units of the LSTM, whose number of parameters all cells have */
  readonly hidden: number;
  readonly batchSize: number;
  readonly seqLength: number;
  readonly backend: BackendName;
  /** Trainings at a time, each on one thread */
  readonly threads: number;
  /** Time for the whole search, in seconds */
  readonly seconds: number;
}

export interface SearchPlan extends SearchSettings {
  readonly parameters: number;
  /** Rounds, in turn of mutations of the best cells and of cells changed at random */
  readonly rounds: number;
  /** Cells in a round, of which the better half goes on, until two are left */
  readonly width: number;
  /** Seconds of training of each cell of a round at first, on one thread; each half that goes on gets twice that */
  readonly unitSeconds: number;
  /** Seconds for a character of LSTM and GRU, as measured */
  readonly measured: Readonly<Record<Baseline, number>>;
  /** Seconds by kind of work, for cells of equations */
  readonly costs: Costs;
}

/** Cells of different kinds of work, on which costs are measured */
const timedCells = ['cifg', 'mgu', 'mut1', 'mut3', 'nas', 'mingru', 'mlstm'] as const;

/** Fewer steps say nothing of a cell. */
const minSteps = 10;
/** Of the time, for what is not training: validation, compiling, starting threads */
const overhead = 0.12;

/** Halves of a round of `width` cells: 8, 4, 2 */
export function rungsOf(width: number): number[] {
  const rungs: number[] = [];
  for (let cells = width; cells >= 2; cells = Math.floor(cells / 2)) rungs.push(cells);
  return rungs;
}

/** Seconds of one thread in units: of all rounds, and of the last comparison on fresh seeds */
function unitsOf(rounds: number, width: number): number {
  const rungs = rungsOf(width);
  const round = rungs.reduce((sum, cells, i) => sum + cells * 2 ** i, 0);
  const last = 2 ** (rungs.length - 1);
  return rounds * round + finalists * finalRuns * last;
}
/** LSTM, GRU and the best three */
const finalists = 5;

/** Measures this machine, and plans. */
export async function planSearch(settings: SearchSettings): Promise<SearchPlan> {
  const { hidden, layers, embedding, vocabulary, threads, seconds } = settings;
  const shape = { layers, embedding, vocabulary };
  const { count: parameters } = parameterTable({ ...shape, cell: 'lstm', hidden });
  const secondsFor = async (cell: string) => {
    const choice = chooseCell(cell);
    const config = { ...shape, ...choice, hidden: hiddenFor(choice, shape, parameters) };
    const { batchSize, seqLength, backend } = settings;
    const speed = await trainingSpeed({
      ...{ ...config, batchSize, seqLength, backend },
      ...{ threads: 1, iterations: 5 },
    });
    return { config, seconds: 1 / speed };
  };
  const timed = [];
  for (const cell of timedCells) {
    const { config, seconds } = await secondsFor(cell);
    timed.push({ work: workOf(config), seconds });
  }
  const width = 8 * Math.ceil(threads / 4);
  // a short search has two rounds, one of each kind
  const rounds = seconds < 300 ? 2 : 6;
  return {
    ...settings,
    ...{ parameters, rounds, width, costs: fitCosts(timed) },
    unitSeconds: ((1 - overhead) * seconds * threads) / unitsOf(rounds, width),
    measured: {
      lstm: (await secondsFor('lstm')).seconds,
      gru: (await secondsFor('gru')).seconds,
    },
  };
}

/** A network of a search: one of the two that are written out, or one of equations */
export interface Candidate {
  /** Its name: `lstm`, `gru`, or c1, c2, … in the order of their making */
  readonly name: string;
  /** Of the baselines, as they stand in the library */
  readonly equations: string;
  /** The one that it was made from; undefined for the baselines */
  readonly parent: string | undefined;
  /** From 1; 0 for the baselines */
  readonly round: number;
  /** Whether its parent was one of the best, or nothing but chance decided */
  readonly isEvolved: boolean;
}

export const isBaseline = (name: string): name is Baseline => baselines.some((b) => b === name);

export function baseline(name: Baseline): Candidate {
  const equations = libraryText(fusedNames.find((fused) => fused === name) ?? 'lstm');
  return { name, equations, parent: undefined, round: 0, isEvolved: false };
}

/** One training of a candidate */
export interface Job {
  readonly candidate: Candidate;
  readonly hidden: number;
  readonly steps: number;
  readonly seed: number;
}

/** The training of a candidate that takes so many seconds by the plan's reckoning. */
export function jobOf(plan: SearchPlan, candidate: Candidate, seconds: number, seed: number): Job {
  const { name, equations } = candidate;
  const { layers, embedding, vocabulary, batchSize, seqLength } = plan;
  const choice = isBaseline(name) ? { cell: name } : { cell: name, equations };
  const shape = { layers, embedding, vocabulary };
  const hidden = hiddenFor(choice, shape, plan.parameters);
  const config = { ...shape, ...choice, hidden };
  const perCharacter = isBaseline(name)
    ? plan.measured[name]
    : secondsOf(workOf(config), plan.costs);
  const steps = Math.max(minSteps, Math.round(seconds / (perCharacter * batchSize * seqLength)));
  return { candidate, hidden, steps, seed };
}
