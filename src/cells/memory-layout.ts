/**
 * Where everything lies. What backward needs of the forward pass is kept: in the memory of the input
 * projection and of products, as soon as these are not needed any more, else in memory of its own.
 */

import type { Columns, Region } from './cell-program.js';
import type { Step } from './derive.js';
import type { Home } from './emit-operations.js';
import { closure, type Graph, isLeaf, type Node } from './graph.js';
import {
  assign,
  backwardRoots,
  backwardStages,
  computed,
  forwardStages,
  multipliesState,
  type Stages,
} from './stages.js';

/** As fast again as they would be read from memory */
const cheap: ReadonlySet<string> = new Set([
  ...['add', 'subtract', 'multiply', 'negate', 'larger', 'relu', 'greater'],
]);

/** A column whose number is needed only for a while */
interface Column {
  readonly home: Columns;
  /** What it holds at first */
  readonly leaf: Node;
  /** Stages of the forward and of the backward pass: its last use; when the gradient is written to it */
  readonly lastRead: number;
  readonly gradientAt: number;
  taken: boolean;
}

export class Layout {
  readonly regions: Region[] = [];
  readonly constants: number[] = [];
  readonly stages: Stages;
  readonly backwardStages: Pick<Stages, 'last' | 'first' | 'level'>;
  /** Stages in which nodes are computed */
  readonly forwardAt: Map<Node, number>;
  readonly backwardAt: Map<Node, number>;
  readonly projection: number;
  readonly stateRegions: number[];
  readonly stateGradients: number[];
  /** By group */
  readonly arguments: readonly Columns[];
  readonly products: readonly Columns[];
  /** Gradients w.r.t. arguments; none of what multiplies a state */
  readonly argumentGradients: readonly (Columns | undefined)[];
  /** Homes of nodes of the forward pass, the first one to read from */
  private readonly homes = new Map<Node, Columns[]>();
  /** Homes of nodes of the backward pass that are needed in a later stage */
  private readonly crossing = new Map<Node, Columns>();
  private readonly constantRegion: number;
  private readonly nodes: ReadonlySet<Node>;
  private readonly columns: Column[];

  constructor(
    private readonly graph: Graph,
    private readonly step: Step,
  ) {
    const { forward, backward } = step;
    const { next, groups, inputs } = forward;
    const roots = [...next, ...groups.map(({ argument }) => argument)];
    this.nodes = new Set(closure(roots));
    this.stages = forwardStages(forward);
    this.forwardAt = assign(
      computed(roots, () => false),
      roots,
      this.stages.level,
    );

    this.projection = this.region('chunk', inputs.length);
    this.products = groups.map(({ accumulates, matrices }) => ({
      region: accumulates ? this.projection : this.region('chunk', matrices.length),
      column: 0,
    }));
    this.stateRegions = next.map(() => this.region('state', 1));
    const nextRegions = next.map(() => this.region('next', 1));
    this.stateGradients = next.map(() => this.region('step', 1));
    this.constantRegion = this.region('constants', 1);
    this.arguments = groups.map(({ argument }) =>
      argument.op === 'state'
        ? { region: this.stateRegions[argument.index], column: 0 }
        : this.column('chunk'),
    );
    next.forEach((node, k) => {
      this.settle(node, { region: nextRegions[k], column: 0 });
    });
    groups.forEach(({ argument }, g) => {
      if (argument.op !== 'state') this.settle(argument, this.arguments[g]);
    });

    const kept = this.needed();
    for (const { node } of forward.gates) {
      if (!this.homes.has(node) && !isLeaf(node) && !kept.includes(node)) kept.push(node);
    }
    const given = (node: Node) => this.isGiven(node, kept);
    this.backwardStages = backwardStages(this.stages, given);
    const results = backwardRoots(backward);
    this.backwardAt = assign(computed(results, given), results, this.backwardStages.level);
    this.columns = this.freeColumns(kept);
    for (const node of kept) if (!isLeaf(node)) this.settle(node, this.slotFor(node, given));
    this.settleCrossing();
    this.argumentGradients = groups.map((group, g) => {
      if (multipliesState(group)) return undefined;
      return this.column(this.stages.ofGroup[g] <= this.stages.first ? 'chunk' : 'step');
    });
    this.settleCrossingBack();
  }

  /** Where a node of either pass is found when it is not computed in the same stage */
  home(node: Node): Home {
    const { op, index } = node;
    switch (op) {
      case 'constant':
        return { base: 'memory', region: this.constantRegion, column: this.constant(index) };
      case 'vector':
        return { base: 'vectors', column: index };
      case 'dOutput':
        return { base: 'outputGradient', column: 0 };
      case 'dState':
        return { base: 'memory', ...(this.crossing.get(node) ?? this.stateGradient(index)) };
      case 'dArgument':
        return { base: 'memory', ...(this.argumentGradients[index] as Columns) };
    }
    const found = this.homesOf(node)[0] ?? this.crossing.get(node);
    if (found === undefined) throw new Error(`no memory for a node ${op}`);
    return { base: 'memory', ...found };
  }

  stateGradient(index: number): Columns {
    return { region: this.stateGradients[index], column: 0 };
  }

  /** Whether a matrix multiplies state k, whose products add to the gradient w.r.t. it */
  isMultiplied(k: number): boolean {
    return this.step.forward.groups.some(
      ({ argument }) => argument.op === 'state' && argument.index === k,
    );
  }

  /** All places that a node of the forward pass is to be written to */
  homesOf(node: Node): readonly Columns[] {
    const own = this.homes.get(node) ?? [];
    switch (node.op) {
      case 'state':
        return [{ region: this.stateRegions[node.index], column: 0 }, ...own];
      case 'input':
        return [{ region: this.projection, column: node.index }, ...own];
      case 'product': {
        const g = this.step.forward.groups.findIndex(({ argument }) => argument === node.args[0]);
        const column = this.step.forward.groups[g].matrices.indexOf(node.index);
        return [{ region: this.products[g].region, column }, ...own];
      }
      default:
        return own;
    }
  }

  /** Places that the forward pass writes, apart from products and the input projection */
  written(): readonly (readonly [Node, readonly Columns[]])[] {
    return [...this.homes];
  }

  /** Nodes of the backward pass that must be in memory for a later stage */
  crossed(): readonly (readonly [Node, Columns])[] {
    return [...this.crossing];
  }

  isForward(node: Node): boolean {
    return this.nodes.has(node);
  }

  private isGiven(node: Node, kept: readonly Node[]): boolean {
    return this.nodes.has(node) && (this.homes.has(node) || kept.includes(node));
  }

  /** What backward needs of the forward pass, leaves included, and does not rather compute again */
  private needed(): Node[] {
    const asked = new Set<Node>();
    const pending = backwardRoots(this.step.backward);
    const seen = new Set<Node>();
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (this.nodes.has(node)) asked.add(node);
      else if (!isLeaf(node)) pending.push(...node.args);
    }
    const kept: Node[] = [];
    const there = new Set<Node>();
    for (const node of [...asked].sort((a, b) => a.id - b.id)) {
      const isThere = (arg: Node) =>
        ['constant', 'vector', 'state'].includes(arg.op) || this.homes.has(arg) || there.has(arg);
      const isFree = isLeaf(node)
        ? node.op !== 'input' && node.op !== 'product'
        : this.homes.has(node);
      const isMadeAgain = !isLeaf(node) && cheap.has(node.op) && node.args.every(isThere);
      if (!isFree && !isMadeAgain) kept.push(node);
      there.add(node);
    }
    return kept;
  }

  private freeColumns(kept: readonly Node[]): Column[] {
    const { graph } = this;
    const { inputs, groups } = this.step.forward;
    const { inputs: inputGradients, products: productGradients } = this.step.backward;
    const lastRead = (leaf: Node) =>
      Math.max(
        0,
        ...[...this.forwardAt].flatMap(([node, at]) => (node.args.includes(leaf) ? [at] : [])),
      );
    const gradientAt = (gradient: Node) =>
      this.backwardAt.get(gradient) ?? this.backwardStages.level(gradient);
    const column = (leaf: Node, gradient: Node): Column[] =>
      kept.includes(leaf) || this.homes.has(leaf)
        ? []
        : [
            {
              home: this.homesOf(leaf)[0],
              leaf,
              lastRead: Math.max(lastRead(leaf), this.stages.level(leaf)),
              gradientAt: gradientAt(gradient),
              taken: false,
            },
          ];
    return [
      ...inputs.flatMap((_, k) => column(graph.leaf('input', k), inputGradients[k])),
      ...groups.flatMap(({ matrices, argument, accumulates }, g) =>
        accumulates
          ? []
          : matrices.flatMap((m, i) =>
              column(graph.leaf('product', m, [argument]), productGradients[g][i]),
            ),
      ),
    ];
  }

  private slotFor(node: Node, given: (node: Node) => boolean): Columns {
    const at = this.forwardAt.get(node) ?? 0;
    let lastRead = 0;
    for (const [user, stage] of this.backwardAt) {
      if (user.args.includes(node)) lastRead = Math.max(lastRead, stage);
    }
    const isResult = backwardRoots(this.step.backward).includes(node) && given(node);
    const column = this.columns.find(
      (c) => !c.taken && !isResult && c.lastRead <= at && lastRead <= c.gradientAt,
    );
    if (column === undefined) return this.column('chunk');
    column.taken = true;
    return column.home;
  }

  /** What one stage of the forward pass computes for another and nobody keeps */
  private settleCrossing(): void {
    for (const [node, at] of this.forwardAt) {
      for (const arg of node.args) {
        const made = this.forwardAt.get(arg);
        if (made !== undefined && made < at && !this.homes.has(arg)) {
          this.settle(arg, this.column('chunk'));
        }
      }
    }
  }

  private settleCrossingBack(): void {
    const { first } = this.backwardStages;
    for (const [node, at] of this.backwardAt) {
      for (const arg of node.args) {
        const made = arg.op === 'dState' ? 0 : this.backwardAt.get(arg);
        if (made === undefined || made >= at) continue;
        const known = this.crossing.get(arg);
        const isLong = at > first;
        if (known && !(isLong && this.regions[known.region].kind === 'step')) continue;
        this.crossing.set(arg, this.column(isLong ? 'chunk' : 'step'));
      }
    }
  }

  private settle(node: Node, at: Columns): void {
    const known = this.homes.get(node);
    if (known) known.push(at);
    else this.homes.set(node, [at]);
  }

  private region(kind: Region['kind'], width: number): number {
    return this.regions.push({ kind, width }) - 1;
  }

  private column(kind: Region['kind']): Columns {
    return { region: this.region(kind, 1), column: 0 };
  }

  private constant(value: number): number {
    const known = this.constants.indexOf(value);
    return known >= 0 ? known : this.constants.push(value) - 1;
  }
}
