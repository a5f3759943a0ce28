/** Measures how well a model trained on pairs converts: how many answers are wrong, and the loss of the targets. */
import { isPending } from '../backend/backend.js';
import type { Scope } from '../backend/device.js';
import { loadWeights } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { PairBatches } from '../model/pairs/pair-batches.js';
import { PairFeed } from '../model/pairs/pair-feed.js';
import { PairNetwork } from '../model/pairs/pair-network.js';
import {
  type PairMarks,
  type PairTable,
  pairCount,
  targetCharacters,
  targetStart,
  targetsUnknown,
} from '../model/pairs/pair-table.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import { givenOf } from '../text/conditions.js';
import type { Ids } from '../text/unit.js';
import { type ConversionSource, Converter } from './converter.js';
import { ErrorRate } from './edit-distance.js';
import { PairText } from './pair-text.js';
import type { SearchSettings } from './target-search.js';

export interface PairEvaluation {
  readonly pairs: number;
  /** Number of different sources. Each gets one answer, which is compared with the closest of its targets. */
  readonly sources: number;
  /** Fraction of the sources whose answer is not among their targets */
  readonly wordErrorRate: number;
  /**
   * Edit distance between answers and targets, divided by the number of characters of the targets (Levenshtein 1966)
   */
  readonly characterErrorRate: number;
  /**
   * Edit distance between answers and targets, counted in symbols separated by blanks (such as phonemes), divided by
   * the number of symbols of the targets; undefined if no target has several symbols
   */
  readonly symbolErrorRate: number | undefined;
  /** Loss in nats per character of the targets, including the character that ends each target */
  readonly loss: number;
  readonly characters: number;
}

/**
 * Evaluates a model trained on pairs.
 * @param pairs the pairs that were found in `ids`
 * @param search how answers are searched for
 */
export async function evaluatePairs(
  model: Model,
  device: Scope,
  ids: Ids,
  pairs: PairTable,
  marks: PairMarks,
  search: SearchSettings,
): Promise<PairEvaluation> {
  const scope = device.scope();
  try {
    const weights = loadWeights(model, scope.operations);
    const converter = new Converter(scope.operations, model.config, weights, marks, search);
    const references = referencesOf(ids, pairs);
    const answers = await converter.convert(references);
    const text = new PairText(model);
    let wrong = 0;
    const [characterErrors, symbolErrors] = [new ErrorRate(), new ErrorRate()];
    let hasSymbols = false;
    references.forEach(({ targets }, i) => {
      const answer = text.unitsOf(answers[i][0]?.ids ?? []);
      const right = targets.map((target) => text.unitsOf(target));
      const edits = characterErrors.add(
        answer.characters,
        right.map(({ characters }) => characters),
      );
      if (edits > 0) wrong++;
      symbolErrors.add(
        answer.symbols,
        right.map(({ symbols }) => symbols),
      );
      hasSymbols ||= right.some(({ symbols }) => symbols.length > 1);
    });
    const { vocabulary } = model;
    const characters = targetCharacters(pairs);
    const unknown = targetsUnknown(ids, pairs, vocabulary.unknownId) * vocabulary.unknownCost;
    return {
      pairs: pairCount(pairs),
      sources: references.length,
      wordErrorRate: wrong / references.length,
      characterErrorRate: characterErrors.rate,
      symbolErrorRate: hasSymbols ? symbolErrors.rate : undefined,
      loss: ((await natsOf(model, scope, ids, pairs, marks)) + unknown) / characters,
      characters,
    };
  } finally {
    scope.release();
  }
}

const batchSize = 64;

/** Sum of the losses of all characters of the targets, in nats */
async function natsOf(
  model: Model,
  { operations: backend }: Scope,
  ids: Ids,
  pairs: PairTable,
  marks: PairMarks,
): Promise<number> {
  const batches = new PairBatches(ids, pairs, marks, batchSize, undefined);
  const sizes = batches.sizes((rows) => rows);
  const weights = loadWeights(model, backend);
  const parameters = new ParameterTensors(backend, parameterTable(model.config), weights);
  const network = new PairNetwork(backend, model.config, parameters, undefined, sizes);
  network.freeze();
  const feed = new PairFeed(backend, sizes);
  let nats = 0;
  for (let i = 0; i < batches.batchesPerPass; i++) {
    const batch = batches.read(i, (rows) => ({ first: 0, size: rows }));
    const { sources, inputs, places, targets } = feed.rows(batch);
    network.encode(sources);
    network.decode(inputs, batch.T, places);
    const sum = backend.sum(network.loss(targets, 0));
    nats += isPending(sum) ? await sum : sum;
  }
  return nats;
}

interface Reference extends ConversionSource {
  readonly targets: (readonly number[])[];
}

/** Collects the different sources with their labels and vectors, each with all of its targets. */
function referencesOf(ids: Ids, pairs: PairTable): Reference[] {
  const bySource = new Map<string, Reference>();
  for (let pair = 0; pair < pairCount(pairs); pair++) {
    const start = pairs.starts[pair];
    const source = ids.subarray(start, start + pairs.lengths[2 * pair]);
    const from = targetStart(pairs, pair);
    const target = Array.from(ids.subarray(from, from + pairs.lengths[2 * pair + 1]));
    const given = pairs.given && givenOf(pairs.given, pairs.lines[pair]);
    const key = [source, given?.labels ?? [], given?.vectors ?? []]
      .map((list) => list.join(' '))
      .join(';');
    const known = bySource.get(key);
    if (known) known.targets.push(target);
    else bySource.set(key, { ids: source, given, targets: [target] });
  }
  return [...bySource.values()];
}
