/**
 * Decides the order of computation. A matrix product can be computed once the vector that it multiplies is known, and
 * whatever uses the product must follow; so a time step is divided into stages with matrix products between them.
 * Stages that do not depend on the state are computed before the first time step, for the whole chunk at once.
 *
 *     forward:   stage 0, products, …, stage f (the first one of a time step), …, stage n
 *     backward:  the same stages from last to first, again numbered from 0; stage n - f is the last one of a time step
 */
import type { Backward } from './derive.js';
import { dependsOnState, type Forward, type Group } from './forward-graph.js';
import { closure, isLeaf, type Node } from './graph.js';

export interface Stages {
  /** Index of the last stage; matrix products separate the stages */
  readonly last: number;
  /** Index of the first stage that runs in every time step */
  readonly first: number;
  /** For each group of matrices, the first stage that can use its products */
  readonly ofGroup: readonly number[];
  /** The first stage that can compute a node */
  level(node: Node): number;
}

/**
 * Whether the matrices of a group multiply a state. The backward pass of their products then adds to the gradient
 * w.r.t. the state, and no stage waits for the result.
 */
export const multipliesState = ({ argument }: Group) => argument.op === 'state';

export function forwardStages({ next, groups, graph }: Forward): Stages {
  const roots = [...next, ...groups.map(({ argument }) => argument)];
  const accumulating = groups.findIndex(({ accumulates }) => accumulates);
  const stateful = dependsOnState(roots, accumulating >= 0);
  const byProduct = new Map<Node, number>();
  groups.forEach(({ matrices, argument }, g) => {
    for (const m of matrices) byProduct.set(graph.leaf('product', m, [argument]), g);
  });
  const levels = new Map<Node, number>();
  let first = 0;
  const groupLevel = (g: number): number =>
    multipliesState(groups[g]) ? first : level(groups[g].argument) + 1;
  const level = (node: Node): number => {
    const known = levels.get(node);
    if (known !== undefined) return known;
    const g = node.op === 'input' && accumulating >= 0 ? accumulating : byProduct.get(node);
    const found =
      node.op === 'state'
        ? first
        : g !== undefined
          ? groupLevel(g)
          : Math.max(0, ...node.args.map(level));
    levels.set(node, found);
    return found;
  };
  // `closure` lists operands before the nodes that use them, so that `level` does not recurse deeply
  for (const node of closure(roots)) if (!stateful.has(node) && node.op !== 'input') level(node);
  groups.forEach(({ argument }, g) => {
    if (!stateful.has(argument)) first = Math.max(first, groupLevel(g));
  });
  for (const node of closure(roots)) level(node);
  const ofGroup = groups.map((_, g) => groupLevel(g));
  const last = Math.max(first, ...ofGroup, ...roots.map(level));
  return { last, first, ofGroup, level };
}

/**
 * Numbers the stages of the backward pass.
 * @param given whether a node can be read from memory in every stage
 */
export function backwardStages(
  { last, first, ofGroup }: Stages,
  given: (node: Node) => boolean,
): Pick<Stages, 'last' | 'first' | 'level'> {
  const levels = new Map<Node, number>();
  const level = (node: Node): number => {
    if (given(node)) return 0;
    const known = levels.get(node);
    if (known !== undefined) return known;
    const found =
      node.op === 'dArgument'
        ? last - ofGroup[node.index] + 1
        : Math.max(0, ...node.args.map(level));
    levels.set(node, found);
    return found;
  };
  return { last, first: last - first, level };
}

/**
 * Assigns each node to a stage: a result to the first stage that can compute it, any other node to the first stage that
 * uses it.
 * @param nodes all nodes to be assigned, each after its operands
 * @param level gives the first stage that can compute a node
 */
export function assign(
  nodes: readonly Node[],
  roots: readonly Node[],
  level: (node: Node) => number,
): Map<Node, number> {
  const stage = new Map<Node, number>();
  const wanted = new Set(roots);
  const inside = new Set(nodes);
  for (const node of nodes) level(node);
  for (const node of nodes.toReversed()) {
    const at = wanted.has(node) ? level(node) : (stage.get(node) ?? level(node));
    stage.set(node, at);
    for (const arg of node.args) {
      if (inside.has(arg)) stage.set(arg, Math.min(stage.get(arg) ?? Infinity, at));
    }
  }
  return stage;
}

export function backwardRoots({ inputs, products, vectors, states }: Backward): Node[] {
  return [...inputs, ...products.flat(), ...vectors, ...states];
}

/**
 * The nodes that have to be computed to obtain `roots`, each after its operands. Leaves, and nodes for which `given`
 * returns true, are left out.
 */
export function computed(roots: readonly Node[], given: (node: Node) => boolean): Node[] {
  const found = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node) || isLeaf(node) || given(node)) continue;
    found.add(node);
    pending.push(...node.args);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** For each node that other nodes use as an operand: the last stage that reads it */
export function lastReads(at: ReadonlyMap<Node, number>): Map<Node, number> {
  const reads = new Map<Node, number>();
  for (const [node, stage] of at) {
    for (const arg of node.args) reads.set(arg, Math.max(reads.get(arg) ?? 0, stage));
  }
  return reads;
}
