/** Makes the plan by which replicas mix n-gram counts with the network, from the result of counting. */
import type { Counted, CountingPlan } from '../../counts/counting-handler.js';
import { classCount, usualWeights } from '../../counts/mixture.js';
import { withTrie } from '../../counts/reading-trie.js';
import type { MixingPlan } from './mixing.js';

export function mixingPlan(
  { text, held, vocabulary, context }: CountingPlan,
  { table, logs, classes }: Counted,
): MixingPlan {
  const weights = new Float64Array(new SharedArrayBuffer(16 * classCount(context)));
  weights.set(Array.from({ length: weights.length }, (_, i) => usualWeights[i % 2]));
  return {
    table: withTrie(table),
    held: text.subarray(0, held),
    logs,
    classes,
    logits: new Float32Array(new SharedArrayBuffer(4 * classes.length * vocabulary)),
    weights,
  };
}
