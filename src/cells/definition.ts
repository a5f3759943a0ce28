/**
 * Turns equations into the definition of a cell: decides which names are learned and which are states, and checks that
 * every name is defined.
 */
import { CharnnError } from '../errors.js';
import { nearest, suggestion } from '../options/suggest.js';
import { cellLimits } from './cell-limits.js';
import { parse } from './parse-equations.js';
import { textOf } from './print.js';
import { type Expression, fail, functions, type Position } from './syntax.js';

export interface Equation {
  /** The name that the equation defines; for a state it ends in an apostrophe, as `h'` does */
  readonly name: string;
  readonly value: Expression;
}

export interface Matrix {
  readonly name: string;
  /**
   * True for a matrix [H, D] that multiplies the input x, false for a matrix [H, H] that multiplies a vector of units
   */
  readonly ofInput: boolean;
}

/** Range of a vector's initial values: uniform between the two numbers, which may be equal */
export type Initial = readonly [low: number, high: number];

export interface Vector {
  readonly name: string;
  readonly initial: Initial;
}

export interface CellDefinition {
  readonly equations: readonly Equation[];
  /**
   * The learned matrices and, in the next field, the learned vectors: each list in the order in which the equations
   * name them
   */
  readonly matrices: readonly Matrix[];
  readonly vectors: readonly Vector[];
  /** Names of the states; the first one is h, which is also the output. */
  readonly states: readonly string[];
}

/**
 * Reads the equations of a cell.
 * @throws CharnnError with the line and column of an error, what is wrong and what to write instead
 */
export function defineCell(text: string): CellDefinition {
  return new Definition(text).result();
}

const builtIn = ['x', 'h'];

class Definition {
  private readonly equations: (Equation & { readonly at: Position; readonly suffix: string })[] =
    [];
  private readonly initials = new Map<
    string,
    { readonly initial: Initial; readonly at: Position }
  >();
  /** Names on the left-hand sides of equations, with their positions */
  private readonly given = new Map<string, Position>();
  private readonly matrices = new Map<string, { readonly of: string; readonly ofInput: boolean }>();
  private readonly vectors = new Map<string, Position>();
  private readonly done = new Set<string>();
  private readonly used = new Set<string>();

  constructor(text: string) {
    for (const { names, value } of parse(text)) {
      const initial = initialOf(value);
      for (const { name, at } of names) {
        if (name === 'x' || name === "x'")
          fail(at, 'x is the input of the layer: give the result another name');
        if (name === 'h')
          fail(at, "h is the state before the step: write h' for the state after it");
        if (initial) this.setInitial(name, initial, at);
        else this.define(name, value, at, names.length > 1 ? `_${name.replace("'", '')}` : '');
      }
    }
  }

  private setInitial(name: string, initial: Initial, at: Position): void {
    if (name.endsWith("'")) {
      fail(
        at,
        `${name} may not be a number: a line that contains only a number is the initial value of a learned vector`,
      );
    }
    if (this.initials.has(name)) fail(at, `${name} has two initial values: leave one of them out`);
    this.initials.set(name, { initial, at });
  }

  private define(name: string, value: Expression, at: Position, suffix: string): void {
    const first = this.given.get(name);
    if (first) fail(at, `${name} is already defined in line ${first.line}: use another name`);
    this.given.set(name, at);
    this.equations.push({ name, value, at, suffix });
    if (this.equations.length > cellLimits.equations) {
      fail(at, `a cell may have at most ${cellLimits.equations} equations`);
    }
  }

  result(): CellDefinition {
    const { given } = this;
    if (!given.has("h'")) {
      throw new CharnnError(
        "no line gives h', the state after the step and the output of the layer: add one, such as h' = tanh(W x + U h + b)",
      );
    }
    const states = [
      'h',
      ...[...given.keys()]
        .filter((name) => name.endsWith("'") && name !== "h'")
        .map((name) => name.slice(0, -1)),
    ];
    if (states.length > cellLimits.states) {
      throw new CharnnError(
        `a cell may have at most ${cellLimits.states} states, not ${states.length}`,
      );
    }
    for (const state of states) {
      const clash = given.get(state);
      if (clash)
        fail(
          clash,
          `${state} is a state, because there is ${state}': give this vector another name`,
        );
    }
    const equations = this.equations.map(({ name, value, suffix }) => {
      const resolved = this.resolve(value, suffix, states);
      this.done.add(name);
      return { name, value: resolved };
    });
    for (const [name, at] of given) {
      if (name.endsWith("'") || this.used.has(name)) continue;
      fail(at, `${name} is defined but never used: use it in a line below, or leave it out`);
    }
    for (const [name, { at }] of this.initials) {
      if (this.vectors.has(name)) continue;
      const what =
        given.has(name) || states.includes(name) ? 'is not learned' : 'occurs in no equation';
      const hint = given.has(name) ? '' : suggestion(nearest(name, [...this.vectors.keys()]));
      fail(
        at,
        `${name} ${what}${hint}: a line that contains only a number is the initial value of a learned vector; write a constant where it is used`,
      );
    }
    if (![...this.matrices.values()].some(({ ofInput }) => ofInput)) {
      throw new CharnnError(
        'no matrix multiplies x, so the cell would not see its input: write W x somewhere',
      );
    }
    return {
      equations,
      matrices: [...this.matrices].map(([name, { ofInput }]) => ({ name, ofInput })),
      vectors: [...this.vectors.keys()].map((name) => ({
        name,
        initial: this.initials.get(name)?.initial ?? [0, 0],
      })),
      states,
    };
  }

  /**
   * Checks every name in an expression, and adds the suffix that `named` describes to names of learned matrices and
   * vectors.
   */
  private resolve(e: Expression, suffix: string, states: readonly string[]): Expression {
    const part = (of: Expression) => this.resolve(of, suffix, states);
    switch (e.kind) {
      case 'number':
        return e;
      case 'negative':
        return { ...e, of: part(e.of) };
      case 'operation':
        return { ...e, left: part(e.left), right: part(e.right) };
      case 'call':
        if (e.name === 'uniform') {
          fail(
            e.at,
            'uniform is only for initial values: write it on a line of its own with two numbers, such as u = uniform(0, 1)',
          );
        }
        return { ...e, arguments: e.arguments.map(part) };
      case 'name':
        return { ...e, name: this.vector(e.name, e.at, suffix, states) };
      case 'product':
        return this.product(e, suffix, states);
    }
  }

  private product(
    e: Extract<Expression, { kind: 'product' }>,
    suffix: string,
    states: readonly string[],
  ): Expression {
    const ofInput = e.of.kind === 'name' && e.of.name === 'x';
    const matrix = named(e.matrix, suffix, e.at);
    const known = this.matrices.get(matrix);
    if (known === undefined) this.matrices.set(matrix, { of: '', ofInput });
    if (this.matrices.size > cellLimits.matrices) {
      fail(e.at, `a cell may have at most ${cellLimits.matrices} matrices`);
    }
    const of = ofInput ? e.of : this.resolve(e.of, suffix, states);
    const shown = textOf(of);
    if (known && known.of !== shown) {
      fail(
        e.at,
        `${matrix} multiplies ${known.of || 'itself'} and ${shown}: use a separate matrix for each`,
      );
    }
    this.matrices.set(matrix, { of: shown, ofInput });
    return { ...e, matrix, of };
  }

  private vector(name: string, at: Position, suffix: string, states: readonly string[]): string {
    if (name === 'x') {
      fail(
        at,
        'x may stand only after a matrix, because it is not as wide as the state: write W x',
      );
    }
    if (states.includes(name) || this.done.has(name)) {
      this.used.add(name);
      return name;
    }
    const line = this.given.get(name);
    if (line) {
      fail(
        at,
        `${name} is used before line ${line.line}, which defines it: move that line up${name.endsWith("'") ? `, or write ${name.slice(0, -1)} for the state before the step` : ''}`,
      );
    }
    if (name.endsWith("'")) {
      fail(
        at,
        `no line gives ${name}: add an equation for it, or write ${name.slice(0, -1)} without '`,
      );
    }
    const learned = named(name, suffix, at);
    if (!this.vectors.has(learned)) this.vectors.set(learned, at);
    if (this.vectors.size > cellLimits.vectors) {
      fail(
        at,
        `a cell may have at most ${cellLimits.vectors} learned vectors; ${learned} is one because no line gives it`,
      );
    }
    return learned;
  }
}

/** The name of a matrix or vector in an equation for several names: in `i, f = sigmoid(W x)`, W becomes W_i and W_f. */
function named(name: string, suffix: string, at: Position): string {
  const whole = `${name}${suffix}`;
  if (builtIn.includes(whole) || functions.has(whole))
    fail(at, `${whole} is a reserved name, so nothing learned can have it: use another name`);
  if (whole.length > cellLimits.name)
    fail(at, `${whole} is longer than the ${cellLimits.name} characters of a name`);
  return whole;
}

/** The range of an initial value that is written as `1` or `uniform(0, 1)`; undefined for any other expression */
function initialOf(value: Expression): Initial | undefined {
  if (value.kind === 'number') return [value.value, value.value];
  if (value.kind !== 'call' || value.name !== 'uniform') return undefined;
  const [low, high] = value.arguments;
  if (low.kind !== 'number' || high.kind !== 'number' || low.value > high.value) {
    fail(value.at, 'uniform takes two numbers, the smaller first: write uniform(0, 1)');
  }
  return [low.value, high.value];
}
