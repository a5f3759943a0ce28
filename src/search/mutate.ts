/**
 * Random changes to a cell's equations, similar to those of Jozefowicz et al. 2015, "An empirical exploration of
 * recurrent network architectures": a part is replaced, becomes the operand of something new, or is removed.
 */
import { compileCell } from '../cells/compile.js';
import { type CellDefinition, defineCell, type Equation } from '../cells/definition.js';
import { print } from '../cells/print.js';
import { type Expression, isMatrix, type Operator } from '../cells/syntax.js';
import { CharnnError } from '../errors.js';
import type { Random } from '../model/random.js';

const activations = ['sigmoid', 'tanh', 'relu', 'softplus'] as const;
/** Division is left out, because a divisor near 0 makes most training runs diverge. */
const operators: readonly Operator[] = ['+', '-', '*'];

/** Max number of matrices. A cell with more of them is too slow to win when all cells train for equal times. */
const maxMatrices = 16;
const maxOperations = 160;
/** Max number of attempts; most changes give a cell that was tried before, or no valid cell. */
const attempts = 200;

const nowhere = { line: 0, column: 0 };
const name = (of: string): Expression => ({ kind: 'name', name: of, at: nowhere });
const call = (of: string, ...list: Expression[]): Expression => ({
  ...{ kind: 'call', name: of, arguments: list, at: nowhere },
});

/**
 * Applies one to three random changes to a cell.
 * @param text its equations
 * @param seen whether a cell was tried before, given its equations as `print` writes them
 * @returns the equations of the new cell; undefined if no attempt gave a cell that is new and not too large
 */
export function mutate(
  text: string,
  random: Random,
  seen: (equations: string) => boolean,
): string | undefined {
  for (let i = 0; i < attempts; i++) {
    const changes = 1 + Math.floor(random.uniform() * 3);
    let definition = defineCell(text);
    try {
      for (let k = 0; k < changes; k++) definition = pruned(changed(definition, random));
      const equations = print(definition);
      if (!seen(equations) && isUsable(equations)) return equations;
    } catch (error) {
      // the new equations are not valid, for instance if a matrix would have to multiply two different vectors
      if (!(error instanceof CharnnError)) throw error;
    }
  }
  return undefined;
}

/** Whether the output depends on both the input and a state, and the cell is not too large */
function isUsable(equations: string): boolean {
  const definition = defineCell(equations);
  if (definition.matrices.length > maxMatrices) return false;
  const found = reached(definition, "h'");
  if (!found.has('x') || !definition.states.some((state) => found.has(state))) return false;
  const [forward, backward] = compileCell(equations).operations;
  return forward + backward <= maxOperations;
}

/** Names from which the equations compute the value of `from` within one step, directly or by way of other names */
function reached({ equations }: CellDefinition, from: string): Set<string> {
  const found = new Set<string>();
  const pending = [from];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const value = equations.find((equation) => equation.name === next)?.value;
    for (const part of value ? partsOf(value) : []) {
      if (part.kind !== 'name' || found.has(part.name)) continue;
      found.add(part.name);
      pending.push(part.name);
    }
  }
  return found;
}

/** The expression, its parts, their parts, and so on */
function partsOf(e: Expression): Expression[] {
  return [e, ...childrenOf(e).flatMap(partsOf)];
}

function childrenOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case 'product':
    case 'negative':
      return [e.of];
    case 'call':
      return e.arguments;
    case 'operation':
      return [e.left, e.right];
    default:
      return [];
  }
}

function withChildren(e: Expression, children: readonly Expression[]): Expression {
  switch (e.kind) {
    case 'product':
    case 'negative':
      return { ...e, of: children[0] };
    case 'call':
      return { ...e, arguments: children };
    case 'operation':
      return { ...e, left: children[0], right: children[1] };
    default:
      return e;
  }
}

/** The expression with one of its parts replaced by another expression */
function replaced(e: Expression, part: Expression, by: Expression): Expression {
  if (e === part) return by;
  return withChildren(
    e,
    childrenOf(e).map((child) => replaced(child, part, by)),
  );
}

/** The definition of a cell with one random change; the result need not make sense. */
function changed(definition: CellDefinition, random: Random): CellDefinition {
  const { equations } = definition;
  // the input x is never replaced alone, but only together with the matrix that multiplies it
  const places = equations.flatMap(({ value }, k) =>
    partsOf(value)
      .filter((part) => part.kind !== 'name' || part.name !== 'x')
      .map((part) => ({ k, part })),
  );
  const { k, part } = pick(places, random);
  const by = substitute(definition, k, part, random);
  const changedEquations = equations.map((equation, i) =>
    i === k ? { ...equation, value: replaced(equation.value, part, by) } : equation,
  );
  return { ...definition, equations: changedEquations };
}

/** A random expression to replace `part`, a part of equation k */
function substitute(
  definition: CellDefinition,
  k: number,
  part: Expression,
  random: Random,
): Expression {
  const other = () => anyValue(definition, k, random);
  const ways: (() => Expression)[] = [
    () => call(pick(activations, random), part),
    () => {
      const operator = pick(operators, random);
      return { kind: 'operation', operator, left: part, right: other(), at: nowhere };
    },
    () => call('max', part, other()),
    other,
  ];
  if (part.kind === 'call' && part.arguments.length === 1) {
    const { arguments: list } = part;
    ways.push(
      () => call(pick(activations, random), ...list),
      () => list[0],
    );
  }
  if (part.kind === 'operation') {
    ways.push(
      () => ({ ...part, operator: pick(operators, random) }),
      () => pick([part.left, part.right], random),
    );
  }
  if (part.kind === 'negative') ways.push(() => part.of);
  if (part.kind === 'product' && !isInput(part)) ways.push(() => part.of);
  return pick(ways, random)();
}

const isInput = ({ of }: Extract<Expression, { kind: 'product' }>) =>
  of.kind === 'name' && of.name === 'x';

/**
 * A random operand: a state, the result of an earlier equation, a new matrix times one of these, or a new matrix times
 * the input
 */
function anyValue({ equations, states, matrices }: CellDefinition, k: number, random: Random) {
  const above = equations.slice(0, k).map((equation) => equation.name);
  const vectors = [...states, ...above];
  const taken = new Set(matrices.map((matrix) => matrix.name));
  let number = 1;
  while (taken.has(`M_${number}`)) number++;
  const times = (of: string): Expression => ({
    ...{ kind: 'product', matrix: `M_${number}`, of: name(of), at: nowhere },
  });
  const x = random.uniform();
  if (x < 0.6) return name(pick(vectors, random));
  return times(x < 0.8 ? 'x' : pick(vectors, random));
}

/** Removes equations that nothing uses any more, and the initial values of vectors that are gone */
function pruned(definition: CellDefinition): CellDefinition {
  let { equations } = definition;
  for (;;) {
    const used = new Set(equations.flatMap(({ value }) => partsOf(value).flatMap(namesOf)));
    const kept = equations.filter((equation) => isState(equation) || used.has(equation.name));
    if (kept.length === equations.length) {
      const vectors = definition.vectors.filter((vector) => used.has(vector.name));
      // printing the definition and parsing it again finds the matrices and vectors that the equations still use
      return defineCell(print({ ...definition, equations, vectors }));
    }
    equations = kept;
  }
}

const isState = (equation: Equation) => equation.name.endsWith("'");
const namesOf = (e: Expression) => (e.kind === 'name' && !isMatrix(e.name) ? [e.name] : []);

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random.uniform() * list.length)];
}
