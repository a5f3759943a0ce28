/** Makes the page of `charnn visualize` for a model trained on pairs. */
import { attentionOf } from '../../analyse/attention.js';
import type { Scope } from '../../backend/device.js';
import { grouped, type Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { reportPairs, requireMarks } from '../../library/paired-text.js';
import type { Model } from '../../model/model-data.js';
import {
  findPairs,
  type PairTable,
  pairCount,
  selectedPairs,
} from '../../model/pairs/pair-table.js';
import type { AttentionData } from '../../pages/data.js';
import { blob } from '../../pages/encode-blobs.js';
import type { PageContent } from '../../pages/page.js';
import { type Conditions, type Given, givenOf, vectorCount } from '../../text/conditions.js';
import { symbolName } from '../../text/pair-coding.js';
import type { Ids } from '../../text/unit.js';

/** Max number of pairs on a page of `charnn visualize` */
const maxPairs = 1000;

/** @throws UsageError for a model without attention */
export function requireAttention({ config }: Model): void {
  if (config.attention !== 'none') return;
  throw new UsageError('the model has no attention (it was trained with --attention none)');
}

export interface ShownPairs {
  /** Ids of lines that each consist of a source, a tab and a target */
  readonly ids: Ids;
  /** Labels and vectors of the lines, if the model needs them */
  readonly given: Conditions | undefined;
  /** Max total length of the sources, with their vectors, and targets of all pairs on the page */
  readonly maxPositions: number;
  /** The value of --grid, if given: how many vectors are in each row of the grid in which the page shows them */
  readonly grid: number | undefined;
}

/** @param provenance where the pairs and the network come from, as a line of the page */
export async function attentionPage(
  model: Model,
  device: Scope,
  { ids, given, maxPositions, grid }: ShownPairs,
  output: Output,
  provenance: string,
): Promise<PageContent> {
  const marks = requireMarks(model.vocabulary);
  const { pairs } = reportPairs(findPairs(ids, marks, given), 'the text', output);
  const count = fitting(pairs, maxPositions);
  const all = pairCount(pairs);
  if (count < all) {
    output.note(
      `the page shows the first ${grouped(count)} of ${grouped(all)} pairs (--max-chars)`,
    );
  }
  const shown = selectedPairs(pairs, (pair) => pair < count);
  const attended = await attentionOf(model, device, ids, shown, marks);
  const givens = Array.from(shown.lines, (line) => given && givenOf(given, line));
  const { vocabulary, text } = model;
  const names = vocabulary.symbols.map((symbol) =>
    text.unit === 'byte' && symbol >= 0x80 ? symbol.toString(16) : symbolName(symbol, text),
  );
  const namesOf = (list: Int32Array) => Array.from(list, (id) => names[id] ?? '\ufffd');
  const labelsOf = labelNames(model);
  const data: AttentionData = {
    provenance,
    model: `${model.config.cell}, ${model.config.layers} × ${model.config.hidden}`,
    pairsInAll: all,
    ...(grid !== undefined && { grid }),
    pairs: attended.map(({ source, target, bits, vectors }, i) => ({
      labels: labelsOf(givens[i]),
      vectors,
      source: namesOf(source),
      target: namesOf(target),
      bits: Array.from(bits, (x) => Number(x.toFixed(3))),
    })),
  };
  const blobs = attended.map(({ weights }, i) => {
    const roots = Uint8Array.from(weights, (weight) => Math.round(255 * Math.sqrt(weight)));
    return [`weights-${i}`, blob(roots)] as const;
  });
  const shades = shadesOf(givens.map((one) => one?.vectors ?? new Float32Array(0)));
  const values = shades.flatMap((list, i) =>
    list.length > 0 ? [[`vectors-${i}`, blob(list)] as const] : [],
  );
  return { title: 'What a network attends to', data, blobs: [...blobs, ...values] };
}

/** Returns a function that names the labels of a pair, each as `name=value`. */
function labelNames({ beside }: Model): (given: Given | undefined) => string[] {
  const all = (beside?.labels ?? []).flatMap(({ name, values }) =>
    values.map((value) => `${name}=${value}`),
  );
  return (given) => Array.from(given?.labels ?? [], (value) => all[value]);
}

/** The elements of the vectors of each pair, from 0 for the smallest of all elements to 255 for the largest one */
function shadesOf(lists: readonly Float32Array[]): Uint8Array[] {
  const extreme = (most: (...values: number[]) => number, start: number) =>
    lists.reduce((x, list) => list.reduce((y, z) => most(y, z), x), start);
  const [least, greatest] = [
    extreme(Math.min, Number.POSITIVE_INFINITY),
    extreme(Math.max, Number.NEGATIVE_INFINITY),
  ];
  const range = greatest > least ? greatest - least : 1;
  return lists.map((list) =>
    Uint8Array.from(list, (value) => Math.round((255 * (value - least)) / range)),
  );
}

/** For how many pairs, from the first on, the total length of sources, vectors and targets is allowed; at least one */
function fitting({ lengths, lines, given }: PairTable, maxPositions: number): number {
  let [positions, count] = [0, 0];
  while (count < Math.min(lines.length, maxPairs)) {
    positions += lengths[2 * count] + lengths[2 * count + 1] + vectorCount(given, lines[count]);
    if (positions > maxPositions && count > 0) break;
    count++;
  }
  return count;
}
