/** Which values of the forward pass are kept for the backward pass, and which it computes again. */
import { isLeaf, type Node } from './graph.js';

/** Operations whose result is computed again as quickly as it would be read from memory */
const cheap: ReadonlySet<string> = new Set([
  ...['add', 'subtract', 'multiply', 'negate', 'larger', 'relu', 'greater'],
]);

/**
 * Finds the values that the backward pass needs of the forward pass, inputs and products included, and that must be
 * stored for it.
 * @param roots results of the backward pass
 * @param isForward whether the forward pass computes a node
 * @param hasHome whether a node has a place in memory anyway
 */
export function keptValues(
  roots: readonly Node[],
  isForward: (node: Node) => boolean,
  hasHome: (node: Node) => boolean,
): Set<Node> {
  const asked = new Set<Node>();
  const pending = [...roots];
  const seen = new Set<Node>();
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (isForward(node)) asked.add(node);
    else if (!isLeaf(node)) pending.push(...node.args);
  }
  const kept = new Set<Node>();
  const available = new Set<Node>();
  const isAvailable = (node: Node) =>
    ['constant', 'vector', 'state'].includes(node.op) || hasHome(node) || available.has(node);
  // arguments come before what is computed from them
  for (const node of [...asked].sort((a, b) => a.id - b.id)) {
    const isFree = isLeaf(node) ? node.op !== 'input' && node.op !== 'product' : hasHome(node);
    const isRecomputed = !isLeaf(node) && cheap.has(node.op) && node.args.every(isAvailable);
    if (!isFree && !isRecomputed) kept.add(node);
    available.add(node);
  }
  return kept;
}
