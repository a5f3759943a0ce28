/** The results of `charnn search` in words, as JSON, and as the data of a page. */
import { bits, clock } from '../../cli/output.js';
import type { SearchData } from '../../pages/data.js';
import { baseline, baselines, type SearchPlan } from '../../search/plan.js';
import type { Finalist, RungEvent, SearchResult } from '../../search/search.js';
import { finalRuns, type Interval } from '../../search/statistics.js';

/** A line about the cells that were trained in one part of a round of the search */
export function rungLine({ rounds }: SearchPlan, event: RungEvent): string {
  const { round, cells, seconds, isEvolved, best } = event;
  const made = isEvolved ? 'changed from the best' : 'changed at random';
  const loss =
    best.loss === null ? 'all diverged' : `best ${best.name} with ${bits(best.loss)} bits/char`;
  return `round ${round} of ${rounds}: ${cells} cells ${made}, ${clock(seconds)} each: ${loss}`;
}

/** The result of the search in a sentence */
export function verdict({ better, worse, finalists }: SearchResult): string {
  const found = finalists.filter(({ candidate }) => candidate.round > 0).length;
  if (found === 0) return 'No cell that was found could be trained.';
  if (better.length === 0) {
    const those = worse.length > 0 ? `, and ${listed(worse)} ${is(worse)} worse` : '';
    return `No cell is significantly better than LSTM${those}.`;
  }
  return `${listed(better)} ${is(better)} significantly better than LSTM on this text, at this size and time.`;
}

const is = (names: readonly string[]) => (names.length === 1 ? 'is' : 'are');
const listed = (names: readonly string[]) =>
  names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** The table of the final comparison, the verdict, and the equations of the cells found */
export function searchLines(result: SearchResult): string {
  const head = ['cell', 'units', 'bits/char', 'against LSTM'];
  const lines = result.finalists.map(({ candidate, hidden, loss, toLstm }) => [
    candidate.name,
    `${hidden}`,
    loss ? inBits(loss) : 'diverged',
    toLstm ? inBits(toLstm, true) : '',
  ]);
  const widths = head.map((_, k) => Math.max(...[head, ...lines].map((row) => row[k].length)));
  const table = [head, ...lines].map((row) =>
    row
      .map((text, k) => text.padEnd(widths[k]))
      .join('  ')
      .trimEnd(),
  );
  const equations = result.finalists
    .filter(({ candidate }) => candidate.round > 0)
    .flatMap(({ candidate }) => ['', `# ${origin(candidate)}`, candidate.equations.trimEnd()]);
  return [
    `Mean of ${finalRuns} seeds with its 95 % confidence interval; the intervals of the differences from LSTM hold jointly with 95 % confidence.`,
    '',
    ...table,
    '',
    verdict(result),
    ...equations,
    '',
  ].join('\n');
}

function origin({ name, parent, isEvolved }: Finalist['candidate']): string {
  return `${name}, made from ${parent} ${isEvolved ? 'as one of the best' : 'by chance alone'}`;
}

function inBits({ mean, margin }: Interval, signed = false): string {
  return `${signed && mean >= 0 ? '+' : ''}${bits(mean)} ± ${bits(margin)}`;
}

const both = ({ mean, margin }: Interval) => ({
  ...{ nats: mean, margin },
  ...{ bitsPerCharacter: mean / Math.LN2, marginInBits: margin / Math.LN2 },
});

export function searchJson(plan: SearchPlan, result: SearchResult) {
  const { better, worse, finalists, tried } = result;
  return {
    plan,
    verdict: verdict(result),
    ...{ better, worse },
    finalists: finalists.map(({ candidate, hidden, steps, outcomes, loss, toLstm }) => ({
      ...{ ...candidate, hidden, steps },
      losses: outcomes.map((outcome) => outcome.loss),
      ...(loss && { loss: both(loss) }),
      ...(toLstm && { toLstm: both(toLstm) }),
    })),
    cells: tried.map(({ candidate, hidden, rung, loss }) => ({ ...candidate, hidden, rung, loss })),
  };
}

export function pageOfSearch(
  { parameters }: SearchPlan,
  result: SearchResult,
  provenance: string,
): SearchData {
  const pair = (interval: Interval | undefined) =>
    interval && ([interval.mean / Math.LN2, interval.margin / Math.LN2] as const);
  const { finalists, tried } = result;
  return {
    provenance,
    verdict: verdict(result),
    parameters,
    finalists: finalists.map(({ candidate, hidden, steps, loss, toLstm, outcomes }) => ({
      ...{ name: candidate.name, hidden, steps, loss: pair(loss), toLstm: pair(toLstm) },
      curve: meanCurve(outcomes.map(({ curve }) => curve)),
    })),
    cells: [
      ...baselines.map(baseline).map(({ name, equations }) => ({
        ...{ name, equations, parent: undefined, isEvolved: false, loss: undefined },
      })),
      ...tried.map(({ candidate: { name, parent, equations, isEvolved }, loss }) => ({
        ...{ name, parent, equations, isEvolved },
        loss: loss === null ? null : loss / Math.LN2,
      })),
    ],
  };
}

/** The mean of several curves in bits per character, at the fractions of the training that all of them have */
function meanCurve(curves: readonly (readonly (readonly [number, number])[])[]) {
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, i) => {
    const sum = curves.reduce((total, curve) => total + curve[i][1], 0);
    return [curves[0][i][0], sum / curves.length / Math.LN2] as const;
  });
}
