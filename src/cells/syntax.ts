/** The syntax tree of equations. Whether they define a cell is checked later. */
import { CharnnError } from '../errors.js';

/** A position in the text of a cell; line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type Operator = '+' | '-' | '*' | '/';

export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly at: Position }
  /** The name of a vector; `h'` is the state after the step. */
  | { readonly kind: 'name'; readonly name: string; readonly at: Position }
  /** A matrix times the expression that follows it */
  | {
      readonly kind: 'product';
      readonly matrix: string;
      readonly of: Expression;
      readonly at: Position;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly arguments: readonly Expression[];
      readonly at: Position;
    }
  | {
      readonly kind: 'operation';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Position;
    }
  | { readonly kind: 'negative'; readonly of: Expression; readonly at: Position };

/** One line of the text of a cell: `i, f = …` is an equation for each of its names. */
export interface Line {
  readonly names: readonly { readonly name: string; readonly at: Position }[];
  readonly value: Expression;
}

/** The functions of the language, with their numbers of arguments */
export const functions: ReadonlyMap<string, number> = new Map([
  ...(
    ['sigmoid', 'tanh', 'relu', 'exp', 'log', 'logsigmoid', 'softplus', 'norm', 'stop'] as const
  ).map((name) => [name, 1] as const),
  ['max', 2],
]);

/** @throws CharnnError whose message begins with the position of the error in the equations */
export function fail({ line, column }: Position, what: string): never {
  throw new CharnnError(`line ${line}, column ${column}: ${what}`);
}

export function isMatrix(name: string): boolean {
  return /^[A-Z]/.test(name);
}
