/**
 * The values in a time step as a graph. Each node stands for a vector of H units in every row of the batch. Equal
 * computations share one node, and every node comes after the nodes from which it is computed.
 */
import { CharnnError } from '../errors.js';
import { cellLimits } from './cell-limits.js';

/** Kinds of nodes that are read from memory; their index distinguishes nodes of the same kind. */
export type Leaf =
  | 'constant'
  /** A learned vector */
  | 'vector'
  /** A state before the step */
  | 'state'
  /** A column of the input projection, W x */
  | 'input'
  /** The product of a matrix and a vector of units, which is args[0] */
  | 'product'
  /** The gradient w.r.t. the output, from the layer above; the gradient w.r.t. a state, from the next step */
  | 'dOutput'
  | 'dState'
  /** The gradient w.r.t. the vector that a group's matrices multiply, through all of these matrices */
  | 'dArgument';

/** Operations, with their number of operands. Those whose names begin with d are used in derivatives. */
export const operations = {
  copy: 1,
  add: 2,
  subtract: 2,
  multiply: 2,
  divide: 2,
  negate: 1,
  larger: 2,
  relu: 1,
  sigmoid: 1,
  tanh: 1,
  exp: 1,
  log: 1,
  softplus: 1,
  /** Normalises to mean 0 and variance 1 across the units */
  norm: 1,
  /** 1 where a > b, else 0 */
  greater: 2,
  /** The gradient w.r.t. x, where s = sigmoid(x) and d is the gradient w.r.t. s: d s (1 - s), from d and s */
  dSigmoid: 2,
  /** The gradient w.r.t. x, where t = tanh(x) and d is the gradient w.r.t. t: d (1 - t²), from d and t */
  dTanh: 2,
  /** The gradient w.r.t. x, where d is the gradient w.r.t. norm(x), from d and x */
  dNorm: 2,
  /** Fused operations: a b + c, a b - c, c - a b */
  multiplyAdd: 3,
  multiplySubtract: 3,
  subtractProduct: 3,
} as const;

export type Operation = keyof typeof operations;

export interface Node {
  readonly op: Leaf | Operation | 'stop';
  /** For a leaf, its number among leaves of the same kind; for a constant, its value */
  readonly index: number;
  readonly args: readonly Node[];
  /** Number of the node in the order of creation */
  readonly id: number;
}

const leaves: ReadonlySet<string> = new Set([
  ...['constant', 'vector', 'state', 'input', 'product', 'dOutput', 'dState', 'dArgument'],
]);

/** Whether a node is read from memory instead of computed by an operation */
export const isLeaf = ({ op }: Node) => leaves.has(op);

export class Graph {
  private readonly known = new Map<string, Node>();
  readonly nodes: Node[] = [];
  private operationCount = 0;

  leaf(op: Leaf, index = 0, args: readonly Node[] = []): Node {
    return this.node(op, index, args);
  }

  constant(value: number): Node {
    return this.node('constant', value, []);
  }

  add(a: Node, b: Node): Node {
    if (isConstant(a, 0)) return b;
    if (isConstant(b, 0)) return a;
    if (b.op === 'negate') return this.subtract(a, b.args[0]);
    if (a.op === 'negate') return this.subtract(b, a.args[0]);
    return this.fold(a, b, (x, y) => x + y) ?? this.node('add', 0, [a, b]);
  }

  subtract(a: Node, b: Node): Node {
    if (isConstant(b, 0)) return a;
    if (isConstant(a, 0)) return this.negate(b);
    if (b.op === 'negate') return this.add(a, b.args[0]);
    return this.fold(a, b, (x, y) => x - y) ?? this.node('subtract', 0, [a, b]);
  }

  multiply(a: Node, b: Node): Node {
    // 0 times anything is 0, so the other factor need not be computed
    if (isConstant(a, 0) || isConstant(b, 0)) return this.constant(0);
    if (isConstant(a, 1)) return b;
    if (isConstant(b, 1)) return a;
    if (isConstant(a, -1)) return this.negate(b);
    if (isConstant(b, -1)) return this.negate(a);
    return this.fold(a, b, (x, y) => x * y) ?? this.node('multiply', 0, [a, b]);
  }

  divide(a: Node, b: Node): Node {
    if (isConstant(a, 0)) return this.constant(0);
    if (isConstant(b, 1)) return a;
    return this.fold(a, b, (x, y) => x / y) ?? this.node('divide', 0, [a, b]);
  }

  negate(a: Node): Node {
    if (a.op === 'constant') return this.constant(-a.index);
    if (a.op === 'negate') return a.args[0];
    if (a.op === 'subtract') return this.subtract(a.args[1], a.args[0]);
    return this.node('negate', 0, [a]);
  }

  /**
   * Multiplies the gradient d by the local derivative of a node, as one operation. If d is the constant 0, so is the
   * result.
   */
  derivative(op: 'dSigmoid' | 'dTanh' | 'dNorm', d: Node, of: Node): Node {
    return isConstant(d, 0) ? d : this.node(op, 0, [d, of]);
  }

  apply(op: Operation | 'stop', args: readonly Node[]): Node {
    return this.node(op, 0, args);
  }

  /** Creates the same operation with other operands. */
  again(node: Node, args: readonly Node[]): Node {
    switch (node.op) {
      case 'add':
        return this.add(args[0], args[1]);
      case 'subtract':
        return this.subtract(args[0], args[1]);
      case 'multiply':
        return this.multiply(args[0], args[1]);
      default:
        return this.node(node.op, node.index, args);
    }
  }

  private fold(a: Node, b: Node, of: (x: number, y: number) => number): Node | undefined {
    if (a.op !== 'constant' || b.op !== 'constant') return undefined;
    const value = of(a.index, b.index);
    return Number.isFinite(value) ? this.constant(value) : undefined;
  }

  private node(op: Node['op'], index: number, args: readonly Node[]): Node {
    const ids = args.map(({ id }) => id);
    // the operands of max are not sorted, because if both are equal, the second one receives the gradient
    if (op === 'add' || op === 'multiply') ids.sort((a, b) => a - b);
    const key = `${op} ${Object.is(index, -0) ? '-0' : index} ${ids.join(' ')}`;
    const same = this.known.get(key);
    if (same) return same;
    const node = { op, index, args, id: this.nodes.length };
    this.known.set(key, node);
    this.nodes.push(node);
    if (!leaves.has(op) && ++this.operationCount > 2 * cellLimits.operations) {
      throw new CharnnError(
        `these equations take more than ${cellLimits.operations} operations per unit, which is the limit for a cell`,
      );
    }
    return node;
  }
}

export function isConstant(node: Node, value: number): boolean {
  return node.op === 'constant' && node.index === value;
}

/** The given nodes and all nodes from which they are computed, each after its operands */
export function closure(roots: readonly Node[]): Node[] {
  const found = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    pending.push(...node.args);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
