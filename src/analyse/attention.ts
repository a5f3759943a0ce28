/**
 * What a model trained on pairs attends to in a source while it writes a target, and how certain it is of each symbol.
 */
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
  selectedPairs,
} from '../model/pairs/pair-table.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import type { Ids } from '../text/unit.js';

export interface PairAttended {
  /** Number of given vectors that the source begins with; each is a position, like the characters that follow */
  readonly vectors: number;
  /** Ids of the source */
  readonly source: Int32Array;
  /** [T] ids of the target, including the newline that ends it */
  readonly target: Int32Array;
  /** [T, S]: attention weights of each symbol of the target over the positions of the source; each row sums to 1 */
  readonly weights: Float32Array;
  /** [T] cost of each symbol in bits */
  readonly bits: Float32Array;
}

/** Reads pairs one by one, and records the attention and the costs of each. */
export async function attentionOf(
  model: Model,
  device: Scope,
  ids: Ids,
  pairs: PairTable,
  marks: PairMarks,
): Promise<PairAttended[]> {
  const scope = device.scope();
  const { operations: backend } = scope;
  try {
    const sizes = new PairBatches(ids, pairs, marks, 1, undefined).sizes((rows) => rows);
    const table = parameterTable(model.config);
    const weights = new ParameterTensors(backend, table, loadWeights(model, backend));
    const network = new PairNetwork(backend, model.config, weights, undefined, sizes);
    network.freeze();
    const feed = new PairFeed(backend, sizes);
    const attended: PairAttended[] = [];
    for (let pair = 0; pair < pairCount(pairs); pair++) {
      const own = selectedPairs(pairs, (p) => p === pair);
      const batch = new PairBatches(ids, own, marks, 1, undefined).read(0, (rows) => ({
        first: 0,
        size: rows,
      }));
      const fed = feed.rows(batch);
      network.encode(fed.sources);
      network.decode(fed.inputs, batch.T, fed.places);
      const [looks, losses] = [network.attentionWeights, network.loss(fed.targets, 0)].map((x) =>
        backend.read(x),
      );
      attended.push({
        vectors: batch.S - batch.source.length,
        source: batch.source,
        target: batch.targets,
        weights: Float32Array.from(isPending(looks) ? await looks : looks),
        bits: Float32Array.from(isPending(losses) ? await losses : losses, (x) => x / Math.LN2),
      });
    }
    return attended;
  } finally {
    scope.release();
  }
}
