/** Builds the graph of one step from the definition of a cell. */
import type { CellDefinition } from './definition.js';
import { closure, Graph, type Node, type Operation } from './graph.js';
import type { Expression } from './syntax.js';

/** Matrices that multiply the same vector; their products are computed as a single matrix product. */
export interface Group {
  /** Indices of these matrices in the list of all learned matrices of the cell */
  readonly matrices: readonly number[];
  readonly argument: Node;
  /**
   * Whether every product of the group is added to a column of the input projection and used nowhere else; the matrix
   * product then adds to these columns directly.
   */
  readonly accumulates: boolean;
}

export interface Forward {
  readonly graph: Graph;
  /** The states after the step */
  readonly next: readonly Node[];
  /** Indices of the matrices that multiply the input; the k-th of them makes column k of the input projection. */
  readonly inputs: readonly number[];
  /** Number of learned vectors */
  readonly vectors: number;
  readonly groups: readonly Group[];
  /** The gates: results of sigmoid that have a name in the equations */
  readonly gates: readonly { readonly name: string; readonly node: Node }[];
}

export function forwardGraph(definition: CellDefinition): Forward {
  return accumulated(new Builder(definition).forward());
}

class Builder {
  private readonly graph = new Graph();
  private readonly values = new Map<string, Node>();
  private readonly inputs: number[];

  constructor(private readonly definition: CellDefinition) {
    const { matrices, vectors, states } = definition;
    this.inputs = [...matrices.keys()].filter((m) => matrices[m].ofInput);
    vectors.forEach(({ name }, i) => {
      this.values.set(name, this.graph.leaf('vector', i));
    });
    states.forEach((name, i) => {
      this.values.set(name, this.graph.leaf('state', i));
    });
  }

  forward(): Forward {
    const { graph, values, inputs } = this;
    const gates: { name: string; node: Node }[] = [];
    for (const { name, value } of this.definition.equations) {
      const node = this.node(value);
      values.set(name, node);
      if (node.op === 'sigmoid') gates.push({ name, node });
    }
    const next = this.definition.states.map((name) => values.get(`${name}'`) as Node);
    // every equation affects some state, but simplification may have removed a gate, which is then not listed
    const used = new Set(closure(next));
    return {
      graph,
      next,
      inputs,
      vectors: this.definition.vectors.length,
      groups: groupsOf(next),
      gates: gates.filter(({ node }) => used.has(node)),
    };
  }

  private node(e: Expression): Node {
    const { graph } = this;
    switch (e.kind) {
      case 'number':
        return graph.constant(e.value);
      case 'name':
        return this.values.get(e.name) as Node;
      case 'negative':
        return graph.negate(this.node(e.of));
      case 'product': {
        const m = this.definition.matrices.findIndex(({ name }) => name === e.matrix);
        if (this.definition.matrices[m].ofInput) return graph.leaf('input', this.inputs.indexOf(m));
        return graph.leaf('product', m, [this.node(e.of)]);
      }
      case 'call':
        return this.call(
          e.name,
          e.arguments.map((argument) => this.node(argument)),
        );
      case 'operation':
        if (e.operator === '*') return graph.multiply(this.node(e.left), this.node(e.right));
        if (e.operator === '/') return graph.divide(this.node(e.left), this.node(e.right));
        return this.sum(e);
    }
  }

  /** Builds a sum that begins with its matrix products, so that these are added to each other before anything else. */
  private sum(e: Expression): Node {
    const terms: { readonly node: Node; readonly minus: boolean }[] = [];
    const collect = (part: Expression, minus: boolean) => {
      if (part.kind === 'operation' && (part.operator === '+' || part.operator === '-')) {
        collect(part.left, minus);
        collect(part.right, minus !== (part.operator === '-'));
      } else terms.push({ node: this.node(part), minus });
    };
    collect(e, false);
    const rank = ({ node: { op } }: { node: Node }) =>
      op === 'input' ? 0 : op === 'product' ? 1 : 2;
    terms.sort((a, b) => rank(a) - rank(b));
    return terms.reduce<Node>(
      (sum, { node, minus }) =>
        minus ? this.graph.subtract(sum, node) : this.graph.add(sum, node),
      this.graph.constant(0),
    );
  }

  private call(name: string, [a, b]: readonly Node[]): Node {
    const { graph } = this;
    switch (name) {
      case 'logsigmoid':
        return graph.negate(graph.apply('softplus', [graph.negate(a)]));
      case 'max':
        return graph.apply('larger', [a, b]);
      default:
        return graph.apply(name as Operation | 'stop', [a]);
    }
  }
}

function groupsOf(roots: readonly Node[]): Group[] {
  const groups = new Map<Node, Set<number>>();
  for (const { op, index, args } of closure(roots)) {
    if (op !== 'product') continue;
    const known = groups.get(args[0]);
    if (known) known.add(index);
    else groups.set(args[0], new Set([index]));
  }
  return [...groups]
    .map(([argument, set]) => ({
      argument,
      matrices: [...set].sort((a, b) => a - b),
      accumulates: false,
    }))
    .sort((a, b) => a.matrices[0] - b.matrices[0]);
}

/**
 * Finds a group whose products are each added to one column of the input projection, cover all columns, and are used
 * nowhere else. Product and column then become a single leaf, because the matrix product adds to the column.
 */
function accumulated(forward: Forward): Forward {
  const { graph, next, groups, inputs } = forward;
  const roots = [...next, ...groups.map(({ argument }) => argument)];
  const users = new Map<Node, Node[]>();
  for (const node of closure(roots)) {
    for (const arg of new Set(node.args)) users.set(arg, [...(users.get(arg) ?? []), node]);
  }
  const onlyUser = (node: Node): Node | undefined =>
    users.get(node)?.length === 1 && !roots.includes(node) ? users.get(node)?.[0] : undefined;
  for (const [g, { argument, matrices }] of groups.entries()) {
    if (matrices.length !== inputs.length || !dependsOnState([argument]).has(argument)) continue;
    const sums = matrices.map((m, k) => {
      const [product, input] = [graph.leaf('product', m, [argument]), graph.leaf('input', k)];
      const sum = onlyUser(product);
      return sum?.op === 'add' && sum.args.includes(input) && onlyUser(input) === sum
        ? sum
        : undefined;
    });
    if (sums.includes(undefined)) continue;
    const column = (node: Node) => {
      const k = sums.indexOf(node);
      return k < 0 ? undefined : graph.leaf('input', k);
    };
    const now = rewritten(graph, roots, column);
    return {
      ...forward,
      next: next.map(now),
      gates: forward.gates.map(({ name, node }) => ({ name, node: now(node) })),
      groups: groups.map((group, i) => ({
        ...group,
        argument: now(group.argument),
        accumulates: i === g,
      })),
    };
  }
  return forward;
}

/**
 * Finds which nodes change with the state, among `roots` and all nodes from which they are computed.
 * @param accumulates whether products of the state are added to the input projection, which then changes with the state
 * as well
 */
export function dependsOnState(roots: readonly Node[], accumulates = false): Set<Node> {
  const found = new Set<Node>();
  for (const node of closure(roots)) {
    const isSource = node.op === 'state' || (accumulates && node.op === 'input');
    if (isSource || node.args.some((arg) => found.has(arg))) found.add(node);
  }
  return found;
}

/**
 * Rewrites a graph, replacing some nodes.
 * @param change returns the replacement of a node, or undefined to keep it; its second argument is the replacements of
 * the node's operands
 * @returns a function from each old node to its replacement
 */
export function rewritten(
  graph: Graph,
  roots: readonly Node[],
  change: (node: Node, args: readonly Node[]) => Node | undefined,
): (node: Node) => Node {
  const now = new Map<Node, Node>();
  for (const node of closure(roots)) {
    const args = node.args.map((arg) => now.get(arg) as Node);
    const isSame = args.every((arg, i) => arg === node.args[i]);
    now.set(node, change(node, args) ?? (isSame ? node : graph.again(node, args)));
  }
  return (node) => now.get(node) ?? node;
}
