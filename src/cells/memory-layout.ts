/**
 * Decides where each value of a compiled cell is stored. Values of the forward pass that the backward pass reads are
 * kept until then: in columns of the input projection and of matrix products where these are no longer needed,
 * otherwise in columns of their own.
 */

import type { Columns, Region } from './cell-program.js';
import type { Step } from './derive.js';
import type { Home } from './emit-operations.js';
import { closure, type Graph, isLeaf, type Node } from './graph.js';
import { keptValues } from './kept-values.js';
import {
  assign,
  backwardRoots,
  backwardStages,
  computed,
  forwardStages,
  lastReads,
  multipliesState,
  type Stages,
} from './stages.js';

/**
 * A column of the input projection or of matrix products. It may be reused for another value, once its first value has
 * been read for the last time.
 */
interface Column {
  readonly home: Columns;
  /**
   * The forward stage in which the column's first value is last read, and the backward stage in which the gradient is
   * written to the column
   */
  readonly lastRead: number;
  readonly gradientAt: number;
  taken: boolean;
}

export class Layout {
  readonly regions: Region[] = [];
  readonly constants: number[] = [];
  readonly stages: Stages;
  readonly backwardStages: Pick<Stages, 'last' | 'first' | 'level'>;
  /** The stage (between two matrix products) that computes each node, in the forward and in the backward pass */
  readonly forwardAt: Map<Node, number>;
  readonly backwardAt: Map<Node, number>;
  readonly projection: number;
  readonly stateRegions: number[];
  readonly stateGradients: number[];
  /** For each group of matrices: where the vector that they multiply is stored, and where their products are */
  readonly arguments: readonly Columns[];
  readonly products: readonly Columns[];
  /**
   * For each group of matrices: where the gradient w.r.t. the vector that they multiply is stored; undefined if this
   * vector is a state, because `stateGradients` has a place for its gradient
   */
  readonly argumentGradients: readonly (Columns | undefined)[];
  /** Locations of nodes of the forward pass; a node is read from its first location. */
  private readonly homes = new Map<Node, Columns[]>();
  /** Copies, for the backward pass, of values whose column is overwritten before they are last used */
  private readonly copies = new Map<Node, Columns>();
  /** Locations of nodes of the backward pass that a later stage reads */
  private readonly crossing = new Map<Node, Columns>();
  private readonly constantRegion: number;
  private readonly nodes: ReadonlySet<Node>;
  private readonly columns: Column[];
  /** The results of the backward pass, which are gradients */
  private readonly results: ReadonlySet<Node>;
  /** The last stage of the backward pass that reads each node */
  private readonly backwardReads: ReadonlyMap<Node, number>;

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

    const results = backwardRoots(backward);
    const kept = keptValues(
      results,
      (node) => this.nodes.has(node),
      (node) => this.homes.has(node),
    );
    for (const { node } of forward.gates) {
      if (!this.homes.has(node) && !isLeaf(node)) kept.add(node);
    }
    const given = (node: Node) => this.isGiven(node, kept);
    this.backwardStages = backwardStages(this.stages, given);
    this.backwardAt = assign(computed(results, given), results, this.backwardStages.level);
    this.results = new Set(results);
    this.backwardReads = lastReads(this.backwardAt);
    this.columns = this.freeColumns(kept);
    for (const node of kept) if (!isLeaf(node)) this.settle(node, this.slotFor(node, given));
    this.settleCrossing();
    this.argumentGradients = groups.map((group, g) => {
      if (multipliesState(group)) return undefined;
      return this.column(this.stages.ofGroup[g] <= this.stages.first ? 'chunk' : 'step');
    });
    this.settleCrossingBack();
  }

  /** Where a stage finds a node of the forward pass that another stage has computed */
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
        return { base: 'memory', ...this.stateGradient(index) };
      case 'dArgument':
        return { base: 'memory', ...(this.argumentGradients[index] as Columns) };
    }
    const found = this.homesOf(node)[0] ?? this.crossing.get(node);
    if (found === undefined) throw new Error(`no memory for a node ${op}`);
    return { base: 'memory', ...found };
  }

  /** Where a stage of the backward pass finds a node that another stage has computed */
  backwardHome(node: Node, stage: number): Home {
    const crossed =
      stage > (this.readableUntil(node) ?? stage) ? this.crossing.get(node) : undefined;
    const copy = crossed ?? this.copies.get(node);
    return copy ? { base: 'memory', ...copy } : this.home(node);
  }

  stateGradient(index: number): Columns {
    return { region: this.stateGradients[index], column: 0 };
  }

  /**
   * Whether some matrix multiplies state k; the backward pass of its product then adds to the gradient w.r.t. the
   * state.
   */
  isMultiplied(k: number): boolean {
    return this.step.forward.groups.some(
      ({ argument }) => argument.op === 'state' && argument.index === k,
    );
  }

  /** All locations to which a node of the forward pass must be written */
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

  /**
   * Nodes that operations of the forward pass must store, with their locations; the input projection and matrix
   * products are stored anyway
   */
  written(): readonly (readonly [Node, readonly Columns[]])[] {
    return [...this.homes];
  }

  /** Nodes of the backward pass that must be stored for a later stage, with their locations */
  crossed(): readonly (readonly [Node, Columns])[] {
    return [...this.crossing];
  }

  isForward(node: Node): boolean {
    return this.nodes.has(node);
  }

  private isGiven(node: Node, kept: ReadonlySet<Node>): boolean {
    return this.nodes.has(node) && (this.homes.has(node) || kept.has(node));
  }

  /**
   * Lists the columns of the input projection and of matrix products that may hold other values, because the backward
   * pass does not read the first value of these columns. Such a column is free from the last forward stage that reads
   * its first value to the backward stage that writes the gradient to the column. If the backward pass reads a value
   * even after the gradient has been written to its column, the value is copied to a new column.
   */
  private freeColumns(kept: ReadonlySet<Node>): Column[] {
    const { graph } = this;
    const { inputs, groups } = this.step.forward;
    const { inputs: inputGradients, products: productGradients } = this.step.backward;
    const reads = lastReads(this.forwardAt);
    const columns: Column[] = [];
    const consider = (leaf: Node, gradient: Node) => {
      const gradientAt = this.backwardAt.get(gradient) ?? this.backwardStages.level(gradient);
      if (kept.has(leaf) && (this.backwardReads.get(leaf) ?? 0) > gradientAt) {
        const copy = this.column('chunk');
        this.settle(leaf, copy);
        this.copies.set(leaf, copy);
      }
      if (kept.has(leaf) || this.homes.has(leaf)) return;
      const lastRead = Math.max(reads.get(leaf) ?? 0, this.stages.level(leaf));
      columns.push({ home: this.homesOf(leaf)[0], lastRead, gradientAt, taken: false });
    };
    inputs.forEach((_, k) => {
      consider(graph.leaf('input', k), inputGradients[k]);
    });
    groups.forEach(({ matrices, argument, accumulates }, g) => {
      if (accumulates) return;
      matrices.forEach((m, i) => {
        consider(graph.leaf('product', m, [argument]), productGradients[g][i]);
      });
    });
    return columns;
  }

  private slotFor(node: Node, given: (node: Node) => boolean): Columns {
    const at = this.forwardAt.get(node) ?? 0;
    const lastRead = this.backwardReads.get(node) ?? 0;
    const isResult = this.results.has(node) && given(node);
    const column = this.columns.find(
      (c) => !c.taken && !isResult && c.lastRead <= at && lastRead <= c.gradientAt,
    );
    if (column === undefined) return this.column('chunk');
    column.taken = true;
    return column.home;
  }

  /**
   * Assigns columns to values that one stage of the forward pass computes and another reads, unless they have one
   * already.
   */
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
        const readable = this.readableUntil(arg);
        if (readable === undefined || readable >= at) continue;
        const known = this.crossing.get(arg);
        const isLong = at > first;
        if (known && !(isLong && this.regions[known.region].kind === 'step')) continue;
        this.crossing.set(arg, this.column(isLong ? 'chunk' : 'step'));
      }
    }
  }

  /**
   * The last stage of the backward pass that can still read a node where it was computed; undefined if every stage can
   */
  private readableUntil(node: Node): number | undefined {
    if (node.op === 'dState') return 0;
    if (node.op !== 'dArgument') return this.backwardAt.get(node);
    // a gradient that each time step overwrites can be read until the last stage of the step
    const isOfStep = this.stages.ofGroup[node.index] > this.stages.first;
    return isOfStep ? this.backwardStages.first : undefined;
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
