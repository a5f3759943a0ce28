/**
 * Derives the gradient of a step by reverse-mode differentiation, from the results back to the operands. The gradient
 * is a graph like that of the step, with additional leaves: gradients that come from the layer above, from the next
 * step, and through the matrices.
 */
import { type Forward, rewritten } from './forward-graph.js';
import { closure, type Graph, type Node } from './graph.js';

export interface Backward {
  /** Gradients w.r.t. the columns of the input projection */
  readonly inputs: readonly Node[];
  /**
   * For each group of matrices, the gradients w.r.t. its products. A group whose products are added to the input
   * projection has none, because its products share the gradient of the input projection.
   */
  readonly products: readonly (readonly Node[])[];
  /** Gradients w.r.t. the learned vectors, from a single row of the batch */
  readonly vectors: readonly Node[];
  /** Gradients w.r.t. the states before the step, without the part that comes through matrices that multiply a state */
  readonly states: readonly Node[];
}

/**
 * The graphs of a step and of its gradient. Both omit `stop` nodes, which have no effect once the gradient is derived.
 */
export interface Step {
  readonly forward: Forward;
  readonly backward: Backward;
}

export function derive(forward: Forward): Step {
  const { graph, next, groups, inputs, vectors } = forward;
  const gradients = new Gradients(graph);
  next.forEach((node, k) => {
    const fromNextStep = graph.leaf('dState', k);
    gradients.add(node, k === 0 ? graph.add(graph.leaf('dOutput'), fromNextStep) : fromNextStep);
  });
  groups.forEach(({ argument }, g) => {
    // if the vector is a state, the backward pass of the matrix product itself adds to the gradient w.r.t. the state
    if (argument.op !== 'state') gradients.add(argument, graph.leaf('dArgument', g));
  });
  const forwardRoots = [...next, ...groups.map(({ argument }) => argument)];
  for (const node of closure(forwardRoots).reverse()) gradients.pass(node);

  const of = (op: 'input' | 'vector' | 'state', k: number) => gradients.of(graph.leaf(op, k));
  const backward = {
    inputs: inputs.map((_, k) => of('input', k)),
    products: groups.map(({ matrices, argument, accumulates }) =>
      accumulates ? [] : matrices.map((m) => gradients.of(graph.leaf('product', m, [argument]))),
    ),
    vectors: Array.from({ length: vectors }, (_, k) => of('vector', k)),
    states: next.map((_, k) => of('state', k)),
  };
  return withoutStops(forward, backward);
}

class Gradients {
  private readonly found = new Map<Node, Node>();

  constructor(private readonly graph: Graph) {}

  of(node: Node): Node {
    return this.found.get(node) ?? this.graph.constant(0);
  }

  add(node: Node, gradient: Node): void {
    this.found.set(node, this.graph.add(this.of(node), gradient));
  }

  /** Adds the gradient of a node, by the chain rule, to the gradients of its operands. */
  pass(node: Node): void {
    const { graph } = this;
    const d = this.of(node);
    const [a, b] = node.args;
    switch (node.op) {
      case 'add':
        this.add(a, d);
        this.add(b, d);
        break;
      case 'subtract':
        this.add(a, d);
        this.add(b, graph.negate(d));
        break;
      case 'multiply':
        this.add(a, graph.multiply(d, b));
        this.add(b, graph.multiply(d, a));
        break;
      case 'divide': {
        const scaled = graph.divide(d, b);
        this.add(a, scaled);
        this.add(b, graph.negate(graph.multiply(scaled, node)));
        break;
      }
      case 'negate':
        this.add(a, graph.negate(d));
        break;
      case 'larger': {
        // max(a, b): if both are equal, b receives the gradient
        const ofFirst = graph.multiply(d, graph.apply('greater', [a, b]));
        this.add(a, ofFirst);
        this.add(b, graph.subtract(d, ofFirst));
        break;
      }
      case 'relu':
        this.add(a, graph.multiply(d, graph.apply('greater', [node, graph.constant(0)])));
        break;
      case 'sigmoid':
        this.add(a, graph.derivative('dSigmoid', d, node));
        break;
      case 'tanh':
        this.add(a, graph.derivative('dTanh', d, node));
        break;
      case 'exp':
        this.add(a, graph.multiply(d, node));
        break;
      case 'log':
        this.add(a, graph.divide(d, a));
        break;
      case 'softplus':
        this.add(a, graph.multiply(d, graph.apply('sigmoid', [a])));
        break;
      case 'norm':
        this.add(a, graph.derivative('dNorm', d, a));
    }
  }
}

function withoutStops({ graph, ...forward }: Forward, backward: Backward): Step {
  const { next, groups, gates } = forward;
  const { inputs, products, vectors, states } = backward;
  const now = rewritten(
    graph,
    [
      ...next,
      ...groups.map(({ argument }) => argument),
      ...inputs,
      ...products.flat(),
      ...vectors,
      ...states,
    ],
    (node, args) => (node.op === 'stop' ? args[0] : undefined),
  );
  return {
    forward: {
      ...forward,
      graph,
      next: next.map(now),
      groups: groups.map((group) => ({ ...group, argument: now(group.argument) })),
      gates: gates.map(({ name, node }) => ({ name, node: now(node) })),
    },
    backward: {
      inputs: inputs.map(now),
      products: products.map((list) => list.map(now)),
      vectors: vectors.map(now),
      states: states.map(now),
    },
  };
}
