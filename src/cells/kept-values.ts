/** Decides which values of the forward pass are stored for the backward pass, and which are computed again. */
import { isLeaf, type Node } from './graph.js';

/** Operations that take no longer to compute again than their results would take to read from memory */
const cheap: ReadonlySet<string> = new Set([
  ...['add', 'subtract', 'multiply', 'negate', 'larger', 'relu', 'greater'],
]);

/**
 * Finds the values of the forward pass that the backward pass needs and that must be stored for it, including inputs
 * and matrix products.
 * @param roots results of the backward pass
 * @param isForward whether the forward pass computes a node
 * @param hasHome whether a node is in memory anyway
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
  // operands come before what is computed from them
  for (const node of [...asked].sort((a, b) => a.id - b.id)) {
    const isFree = isLeaf(node) ? node.op !== 'input' && node.op !== 'product' : hasHome(node);
    const isRecomputed = !isLeaf(node) && cheap.has(node.op) && node.args.every(isAvailable);
    if (!isFree && !isRecomputed) kept.add(node);
    available.add(node);
  }
  return kept;
}
