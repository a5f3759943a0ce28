/** Turns the nodes of a stage, the work between two matrix products, into operations on registers and memory. */

import type { Columns } from './cell-program.js';
import type { Node, Operation } from './graph.js';

/** A location in memory that an operation reads or writes */
export type Home =
  | (Columns & { readonly base: 'memory' })
  /** Outside the layer's memory: a learned vector or the gradient w.r.t. one ([H] each), or that w.r.t. the output */
  | { readonly base: 'vectors' | 'vectorGradients' | 'outputGradient'; readonly column: number };

export type Operand = number | Home;

export interface EmittedOperation {
  readonly op: Operation;
  readonly to: Operand;
  readonly of: readonly Operand[];
}

export interface StageWork {
  /** Nodes that must be in memory after the stage, and where; they are computed here or copied from elsewhere. */
  readonly results: readonly { readonly node: Node; readonly home: Home }[];
  /** Nodes whose values are summed over all rows of the batch, and where the sums go */
  readonly sums: readonly { readonly node: Node; readonly home: Home }[];
}

export interface Surroundings {
  /** Whether a node is computed in this stage, that is between the same two matrix products */
  isHere(node: Node): boolean;
  /** Where to find a node that another stage has computed */
  home(node: Node): Home;
  /** Number of nodes and results that are computed from a node */
  uses(node: Node): number;
}

const key = (home: Home) => `${home.base} ${'region' in home ? home.region : 0} ${home.column}`;

interface Draft {
  op: Operation;
  /** The node that the operation computes; undefined for a copy to memory, and for a sum over the rows of the batch */
  readonly node: Node | undefined;
  readonly args: readonly (Node | Home)[];
  to?: Home;
}

const isHome = (x: Node | Home): x is Home => 'base' in x;

/**
 * Emits the operations of a stage, which is the work between two matrix products.
 * @returns the operations in order, and the number of registers they need
 */
export function emit(
  work: StageWork,
  around: Surroundings,
): { list: EmittedOperation[]; registers: number } {
  const drafts = new Drafts(work, around).list();
  return allocate(drafts, around);
}

class Drafts {
  private readonly drafts: Draft[] = [];
  private readonly done = new Set<Node>();
  private readonly homes = new Map<Node, Home[]>();

  constructor(
    private readonly work: StageWork,
    private readonly around: Surroundings,
  ) {
    for (const { node, home } of work.results) {
      this.homes.set(node, [...(this.homes.get(node) ?? []), home]);
    }
  }

  list(): Draft[] {
    const { drafts, around, homes, work } = this;
    for (const { node } of work.results) this.visit(node);
    for (const { node, home } of work.sums) this.sum(node, home);
    const directly = this.directWrites();
    const late: Draft[] = [];
    for (const [node, places] of homes) {
      const isHere = around.isHere(node);
      const rest = isHere && directly(node, places[0]) ? places.slice(1) : places;
      const copies = rest.map((to): Draft => ({ op: 'copy', node: undefined, args: [node], to }));
      // values in memory are copied before that memory is overwritten
      if (isHere) late.push(...copies);
      else drafts.push(...copies);
    }
    return [...drafts, ...late];
  }

  /** Makes operations write their results directly to memory, unless a later operation still reads the old contents. */
  private directWrites(): (node: Node, home: Home) => boolean {
    const { drafts, around, homes } = this;
    const lastRead = new Map<string, number>();
    const position = new Map<Node, number>();
    drafts.forEach(({ node, args }, at) => {
      if (node) position.set(node, at);
      for (const arg of args) {
        if (isHome(arg)) lastRead.set(key(arg), at);
        else if (!around.isHere(arg)) lastRead.set(key(around.home(arg)), at);
      }
    });
    for (const node of homes.keys()) {
      if (!around.isHere(node)) lastRead.set(key(around.home(node)), drafts.length);
    }
    return (node, home) => {
      const at = position.get(node) as number;
      if ((lastRead.get(key(home)) ?? -1) > at) return false;
      drafts[at].to = home;
      return true;
    };
  }

  private visit(node: Node): void {
    const { around, done, drafts } = this;
    if (done.has(node) || !around.isHere(node)) return;
    done.add(node);
    const fused = this.fused(node);
    const { op, args } = fused ?? { op: node.op as Operation, args: node.args };
    for (const arg of args) this.visit(arg);
    drafts.push({ op, node, args });
  }

  /**
   * Fuses a sum or difference with one of its operands into a multiply-add, if that operand is a product and nothing
   * else uses it.
   */
  private fused({ op, args: [a, b] }: Node): { op: Operation; args: readonly Node[] } | undefined {
    if (op === 'add' && this.isLone(b)) return { op: 'multiplyAdd', args: [...b.args, a] };
    if (op === 'add' && this.isLone(a)) return { op: 'multiplyAdd', args: [...a.args, b] };
    if (op === 'subtract' && this.isLone(b)) return { op: 'subtractProduct', args: [...b.args, a] };
    if (op === 'subtract' && this.isLone(a))
      return { op: 'multiplySubtract', args: [...a.args, b] };
    return undefined;
  }

  private isLone(node: Node): boolean {
    const { around, homes } = this;
    return (
      node.op === 'multiply' && around.isHere(node) && around.uses(node) === 1 && !homes.has(node)
    );
  }

  private sum(node: Node, home: Home): void {
    if (this.isLone(node)) {
      for (const arg of node.args) this.visit(arg);
      this.drafts.push({
        op: 'multiplyAdd',
        node: undefined,
        args: [...node.args, home],
        to: home,
      });
      return;
    }
    this.visit(node);
    this.drafts.push({ op: 'add', node: undefined, args: [node, home], to: home });
  }
}

/** Allocates registers: each value occupies one from its operation until its last use. */
function allocate(
  drafts: readonly Draft[],
  around: Surroundings,
): { list: EmittedOperation[]; registers: number } {
  const lastUse = new Map<Node, number>();
  drafts.forEach(({ args }, at) => {
    for (const arg of args) if (!isHome(arg)) lastUse.set(arg, at);
  });
  const place = new Map<Node, Operand>();
  const free: number[] = [];
  let registers = 0;
  const list = drafts.map(({ op, node, args, to }, at): EmittedOperation => {
    const of = args.map((arg) => (isHome(arg) ? arg : (place.get(arg) ?? around.home(arg))));
    for (const arg of new Set(args)) {
      if (isHome(arg) || lastUse.get(arg) !== at) continue;
      const held = place.get(arg);
      if (typeof held === 'number') free.push(held);
    }
    const target = to ?? free.pop() ?? registers++;
    if (node) {
      place.set(node, target);
      // a value that no operation of this stage uses is only stored, so its register is free at once
      if (typeof target === 'number' && !lastUse.has(node)) free.push(target);
    }
    return { op, to: target, of };
  });
  return { list, registers };
}
