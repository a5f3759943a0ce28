/**
 * The plan of a search, which is made when it begins and recorded, so that a resumed search comes to the same result.
 */

import type { BackendName } from '../backend/device.js';
import { fusedNames, libraryText } from '../cells/cell-library.js';
import { chooseCell } from '../model/cells/cells.js';
import { parameterTable } from '../model/parameters.js';
import { trainingSpeed } from '../train/length/benchmark.js';
import { type Costs, fitCosts, hiddenFor, type Shape, secondsOf, workOf } from './sizes.js';
import { finalRuns } from './statistics.js';

/** The cells from which the search starts, and with which it compares what it finds. */
export const baselines = ['lstm', 'gru'] as const;
export type Baseline = (typeof baselines)[number];

export interface SearchSettings extends Shape {
  /** SHA-256 of the text's ids, so that a search is continued only on the same text */
  readonly text: string;
  readonly seed: number;
  /** Number of units of the LSTM; every cell gets about as many parameters as this LSTM */
  readonly hidden: number;
  readonly batchSize: number;
  readonly seqLength: number;
  readonly backend: BackendName;
  /** Number of training runs that run at the same time, each on one thread */
  readonly threads: number;
  /** Time for the whole search, in seconds */
  readonly seconds: number;
}

export interface SearchPlan extends SearchSettings {
  readonly parameters: number;
  /** Number of rounds, which alternate between mutations of the best cells and random changes of LSTM and GRU */
  readonly rounds: number;
  /**
   * Number of cells that are made in a round. After each series of training runs only the better half is kept, until
   * two cells are left.
   */
  readonly width: number;
  /**
   * Seconds of the first training runs in a round, each of which trains one cell on one thread. After each series of
   * runs, the better half of the cells is trained for twice as long.
   */
  readonly unitSeconds: number;
  /** Seconds per training character of LSTM and GRU, as measured */
  readonly measured: Readonly<Record<Baseline, number>>;
  /** Seconds per unit of each kind of work in `Work`, from which the speed of cells given by equations is estimated */
  readonly costs: Costs;
}

/**
 * Cells on which the costs of each kind of work are measured. They differ in their proportions of multiply-adds,
 * element-wise operations and recurrent products.
 */
const timedCells = ['cifg', 'mgu', 'mut1', 'mut3', 'nas', 'mingru', 'mlstm'] as const;

/** Min number of training steps; with fewer, the loss says nothing about a cell. */
const minSteps = 10;
/** Fraction of the time for everything but training: validation, compiling, starting threads */
const overhead = 0.12;

/**
 * Numbers of cells in the successive series of training runs of a round that begins with `width` cells, such as 8, 4, 2
 */
export function rungsOf(width: number): number[] {
  const rungs: number[] = [];
  for (let cells = width; cells >= 2; cells = Math.floor(cells / 2)) rungs.push(cells);
  return rungs;
}

/** Thread time of all rounds and of the final comparison on fresh seeds together, in multiples of `unitSeconds` */
function unitsOf(rounds: number, width: number): number {
  const rungs = rungsOf(width);
  const round = rungs.reduce((sum, cells, i) => sum + cells * 2 ** i, 0);
  const last = 2 ** (rungs.length - 1);
  return rounds * round + finalists * finalRuns * last;
}
/** Number of cells in the final comparison: LSTM, GRU and the best three found */
const finalists = 5;

/** Measures the speed of this machine, and plans a search. */
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
  // a short search has two rounds: one changes the best cells, the other changes LSTM and GRU at random
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

/** A cell in a search: LSTM or GRU, or one that was found */
export interface Candidate {
  /** The name of the cell: `lstm`, `gru`, or c1, c2, … in the order in which they were made */
  readonly name: string;
  /** The equations of the cell; for the baselines, those of the library */
  readonly equations: string;
  /** The cell that was changed to make this one; undefined for the baselines */
  readonly parent: string | undefined;
  /** The round in which the cell was made, from 1; 0 for the baselines */
  readonly round: number;
  /** True if the cell was made from one of the best cells so far, false if it was made from LSTM or GRU at random */
  readonly isEvolved: boolean;
}

export const isBaseline = (name: string): name is Baseline => baselines.some((b) => b === name);

export function baseline(name: Baseline): Candidate {
  const equations = libraryText(fusedNames.find((fused) => fused === name) ?? 'lstm');
  return { name, equations, parent: undefined, round: 0, isEvolved: false };
}

/** One training run of a cell */
export interface Job {
  readonly candidate: Candidate;
  readonly hidden: number;
  readonly steps: number;
  readonly seed: number;
}

/** The training run of a cell that should take this many seconds, according to the measured costs. */
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
