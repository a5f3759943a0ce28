/** Compiles the equations of a cell to a program. */
import { CharnnError } from '../errors.js';
import { cellLimits } from './cell-limits.js';
import type { Program } from './cell-program.js';
import { type CellDefinition, defineCell } from './definition.js';
import { derive } from './derive.js';
import { emit, type Home, type StageWork } from './emit-operations.js';
import { encode, type Work } from './encode-program.js';
import { forwardGraph } from './forward-graph.js';
import { isConstant, type Node } from './graph.js';
import { Layout } from './memory-layout.js';
import { backwardRoots, multipliesState } from './stages.js';

/**
 * Compiles the equations of a cell.
 * @throws CharnnError that names line and column where the text does not define a cell, or exceeds a limit
 */
export function compileCell(text: string): Program {
  return compile(defineCell(text));
}

export function compile(definition: CellDefinition): Program {
  const step = derive(forwardGraph(definition));
  const { forward, backward } = step;
  const { groups, graph } = forward;
  const layout = new Layout(graph, step);
  const forwardPass = new ForwardPass(layout);
  const backwardPass = new BackwardPass(layout, backward);
  const { first, last, ofGroup } = layout.stages;

  const groupsAt = (level: number, ofState: boolean) =>
    groups.flatMap((group, g) =>
      ofGroup[g] === level && multipliesState(group) === ofState ? [g] : [],
    );
  const product = (g: number): Work => ({ kind: 'product', group: g });
  const before: Work[] = [];
  for (let s = 0; s < first; s++) {
    before.push(...forwardPass.stage(s), ...groupsAt(s + 1, false).map(product));
  }
  const loop: Work[] = groupsAt(first, true).map(product);
  for (let s = first; s <= last; s++) {
    if (s > first) loop.push(...groupsAt(s, false).map(product));
    loop.push(...forwardPass.stage(s));
  }

  const productBack = (g: number): Work => {
    const { argument } = groups[g];
    if (argument.op !== 'state') {
      const to = layout.argumentGradients[g]?.region ?? 0;
      return { kind: 'product backward', group: g, to, accumulate: false };
    }
    const others = groups.slice(0, g).some((other) => other.argument === argument);
    const isBegun = others || !isConstant(backward.states[argument.index], 0);
    const to = layout.stateGradients[argument.index];
    return { kind: 'product backward', group: g, to, accumulate: isBegun };
  };
  const loopBack: Work[] = [];
  for (let s = last; s >= first; s--) {
    loopBack.push(...backwardPass.stage(last - s));
    if (s > first) loopBack.push(...groupsAt(s, false).map(productBack));
  }
  loopBack.push(...groupsAt(first, true).map(productBack));
  const after: Work[] = [];
  for (let s = first; s > 0; s--) {
    after.push(...groupsAt(s, false).map(productBack), ...backwardPass.stage(last - s + 1));
  }

  const works = [...before, ...loop, ...loopBack, ...after];
  const lists = works.flatMap((work) => (work.kind === 'vector' ? [work] : []));
  const count = (list: readonly Work[]) =>
    list.reduce((sum, work) => sum + (work.kind === 'vector' ? work.list.length : 0), 0);
  const operations = [count([...before, ...loop]), count([...loopBack, ...after])] as const;
  if (Math.max(...operations) > cellLimits.operations) {
    throw new CharnnError(
      `these equations take ${Math.max(...operations)} operations per unit: at most ${cellLimits.operations} are allowed`,
    );
  }
  const registers = Math.max(1, ...lists.map((work) => work.registers));
  const wholeRows = lists.some(({ list }) =>
    list.some(({ op }) => op === 'norm' || op === 'dNorm'),
  );
  const inGroups = groups.flatMap(({ matrices }) => matrices);
  const units = [...definition.matrices.keys()].filter(
    (m) => !definition.matrices[m].ofInput && !inGroups.includes(m),
  );
  const waiting = groups.filter((_, g) => ofGroup[g] > first || multipliesState(groups[g]));
  const program: Omit<Program, 'code'> = {
    regions: layout.regions,
    constants: layout.constants,
    registers,
    wholeRows,
    inputs: forward.inputs.map((m) => definition.matrices[m]),
    units: [...inGroups, ...units].map((m) => definition.matrices[m]),
    groups: groups.map(({ matrices }, g) => ({
      size: matrices.length,
      argument: layout.arguments[g],
      gradient: layout.products[g],
    })),
    vectors: definition.vectors,
    states: definition.states,
    projection: layout.projection,
    stateRegions: layout.stateRegions,
    stateGradients: layout.stateGradients,
    gates: forward.gates.map(({ name, node }) => ({ name, ...layout.homesOf(node)[0] })),
    operations,
    recurrent: {
      matrices: waiting.reduce((sum, { matrices }) => sum + matrices.length, 0),
      products: waiting.length,
    },
  };
  const accumulates = groups.some((group) => group.accumulates);
  return { ...program, code: encode(program, accumulates, { before, loop, loopBack, after }) };
}

/** Emits the operations of one pass, forward or backward, stage by stage. */
abstract class Pass {
  private readonly useCounts = new Map<Node, number>();

  protected constructor(
    protected readonly layout: Layout,
    private readonly at: ReadonlyMap<Node, number>,
    results: readonly Node[],
  ) {
    for (const node of [...results, ...[...at.keys()].flatMap(({ args }) => args)]) {
      this.useCounts.set(node, (this.useCounts.get(node) ?? 0) + 1);
    }
  }

  /** The operations of a stage; an empty list if there are none */
  stage(stage: number): Work[] {
    const { list, registers } = emit(this.work(stage), {
      isHere: (node) => this.at.get(node) === stage,
      home: (node) => this.home(node, stage),
      uses: (node) => this.useCounts.get(node) ?? 0,
    });
    return list.length === 0 ? [] : [{ kind: 'vector', list, registers }];
  }

  protected home(node: Node, _stage: number): Home {
    return this.layout.home(node);
  }

  protected abstract work(stage: number): StageWork;

  protected stageOf(node: Node, level: (node: Node) => number): number {
    return this.at.get(node) ?? level(node);
  }
}

class ForwardPass extends Pass {
  constructor(layout: Layout) {
    super(layout, layout.forwardAt, []);
  }

  protected work(stage: number): StageWork {
    const { layout } = this;
    const results = layout
      .written()
      .filter(([node]) => this.stageOf(node, layout.stages.level) === stage)
      .flatMap(([node, homes]) =>
        homes.map((home) => ({ node, home: { base: 'memory', ...home } as const })),
      );
    return { results, sums: [] };
  }
}

class BackwardPass extends Pass {
  constructor(
    layout: Layout,
    private readonly backward: Parameters<typeof backwardRoots>[0],
  ) {
    super(layout, layout.backwardAt, backwardRoots(backward));
  }

  protected override home(node: Node, stage: number): Home {
    return this.layout.backwardHome(node, stage);
  }

  protected work(stage: number): StageWork {
    const { layout, backward } = this;
    const { inputs, products, vectors, states } = backward;
    const isNow = (node: Node) => this.stageOf(node, layout.backwardStages.level) === stage;
    const results: { node: Node; home: Home }[] = [];
    const add = (node: Node, home: { region: number; column: number }) => {
      if (isNow(node)) results.push({ node, home: { base: 'memory', ...home } });
    };
    states.forEach((node, k) => {
      if (!isConstant(node, 0) || !layout.isMultiplied(k)) add(node, layout.stateGradient(k));
    });
    for (const [node, home] of layout.crossed()) {
      if (isNow(node)) results.push({ node, home: { base: 'memory', ...home } });
    }
    inputs.forEach((node, k) => {
      add(node, { region: layout.projection, column: k });
    });
    products.forEach((list, g) => {
      list.forEach((node, i) => {
        add(node, { region: layout.products[g].region, column: i });
      });
    });
    const sums = vectors.flatMap((node, k): { node: Node; home: Home }[] =>
      isConstant(node, 0) || !isNow(node)
        ? []
        : [{ node, home: { base: 'vectorGradients', column: k } }],
    );
    return { results, sums };
  }
}
