/**
 * Parses equations, by this grammar:
 *
 *     line       = names "=" sum
 *     names      = name { "," name }
 *     sum        = term { ("+" | "-") term }
 *     term       = factor { ("*" | "/") factor }
 *     factor     = "-" factor | product
 *     product    = Matrix product | atom
 *     atom       = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
 *
 * A name that begins with a capital letter is a matrix; it is written before what it multiplies.
 */

import { nearest, suggestion } from '../options/suggest.js';
import { cellLimits } from './cell-limits.js';
import { type Token, tokens } from './lexer.js';
import { type Expression, fail, functions, isMatrix, type Line, type Operator } from './syntax.js';

/**
 * Parses the lines of a cell's equations.
 * @throws CharnnError with the line and column of an error, what was expected there and what to write
 */
export function parse(text: string): Line[] {
  return new Parser(tokens(text)).lines();
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly list: readonly Token[]) {}

  lines(): Line[] {
    const lines: Line[] = [];
    while (this.next.kind !== 'end') {
      if (this.next.kind === 'end of line') this.at++;
      else lines.push(this.line());
    }
    return lines;
  }

  private line(): Line {
    const names = [this.assigned()];
    while (this.take(',')) names.push(this.assigned());
    if (!this.take('=')) {
      fail(
        this.next.at,
        `expected = after ${names.at(-1)?.name}, not ${shown(this.next)}: a line is an equation such as h' = tanh(W x + U h + b)`,
      );
    }
    const value = this.sum();
    const end = this.next;
    if (end.kind !== 'end of line') this.missingOperator(end);
    this.at++;
    return { names, value };
  }

  private assigned(): Line['names'][number] {
    const { kind, text, at } = this.next;
    if (kind !== 'name') {
      fail(
        at,
        `expected a name, not ${shown(this.next)}: a line is an equation such as h' = tanh(W x + U h + b)`,
      );
    }
    if (isMatrix(text)) {
      fail(
        at,
        `${text} begins with a capital letter, so it is a learned matrix: an equation defines a vector, whose name begins with a small letter`,
      );
    }
    if (functions.has(text)) fail(at, `${text} is a function: give the vector another name`);
    this.at++;
    return { name: text, at };
  }

  private sum(): Expression {
    return this.operations(['+', '-'], () => this.operations(['*', '/'], () => this.factor()));
  }

  private operations(operators: readonly Operator[], part: () => Expression): Expression {
    let left = part();
    for (;;) {
      const { text, at } = this.next;
      const operator = this.next.kind === 'sign' && operators.find((known) => known === text);
      if (!operator) return left;
      this.at++;
      left = { kind: 'operation', operator, left, right: part(), at };
    }
  }

  private factor(): Expression {
    const { at } = this.next;
    if (!this.take('-')) return this.product();
    return this.within(() => {
      const of = this.factor();
      return of.kind === 'number' ? { ...of, value: -of.value, at } : { kind: 'negative', of, at };
    });
  }

  private product(): Expression {
    const { kind, text: matrix, at } = this.next;
    if (kind !== 'name' || !isMatrix(matrix)) return this.atom();
    this.at++;
    if (matrix.endsWith("'"))
      fail(at, `a matrix has no state: write ${matrix.slice(0, -1)} instead of ${matrix}`);
    const { kind: follows, text } = this.next;
    if (follows !== 'name' && !(follows === 'sign' && text === '(')) {
      fail(
        this.next.at,
        `expected what the matrix ${matrix} multiplies, not ${shown(this.next)}: write it after the matrix without a sign, such as ${matrix} x, ${matrix} h or ${matrix} (r*h); a vector has a small letter`,
      );
    }
    return this.within(() => ({ kind: 'product', matrix, of: this.product(), at }));
  }

  private atom(): Expression {
    const token = this.next;
    const { kind, text, at } = token;
    if (kind === 'number') {
      this.at++;
      const value = Number(text);
      if (!Number.isFinite(value)) fail(at, `${text} is too large a number`);
      return { kind: 'number', value, at };
    }
    if (kind === 'sign' && text === '(') {
      this.at++;
      const inside = this.within(() => this.sum());
      this.close(at);
      return inside;
    }
    if (kind !== 'name') {
      fail(
        at,
        `expected a value, not ${shown(token)}: a name, a number, a function or an expression in brackets`,
      );
    }
    this.at++;
    const isCall = this.next.kind === 'sign' && this.next.text === '(';
    if (functions.has(text) || text === 'uniform') return this.call(token);
    if (!isCall) return { kind: 'name', name: text, at };
    const hint = suggestion(nearest(text, [...functions.keys()]));
    fail(
      at,
      `there is no function ${text}${hint}: it is one of ${[...functions.keys()].join(', ')}; a product of vectors is written ${text}*(…)`,
    );
  }

  private call({ text: name, at }: Token): Expression {
    const open = this.next.at;
    if (!this.take('(')) {
      fail(
        this.next.at,
        `expected ( after ${name}, not ${shown(this.next)}: a function has its argument in brackets, ${name}(…)`,
      );
    }
    const args = this.within(() => {
      const list = [this.sum()];
      while (this.take(',')) list.push(this.sum());
      return list;
    });
    this.close(open);
    const count = functions.get(name) ?? 2;
    if (args.length !== count) {
      fail(
        at,
        `${name} takes ${count} ${count === 1 ? 'value' : 'values'}, not ${args.length}: write ${name}(${count === 1 ? 'a' : 'a, b'})`,
      );
    }
    return { kind: 'call', name, arguments: args, at };
  }

  private close(open: Token['at']): void {
    if (this.take(')')) return;
    if (this.next.kind === 'end of line') {
      fail(
        this.next.at,
        `the bracket of line ${open.line}, column ${open.column} is not closed: expected )`,
      );
    }
    this.missingOperator(this.next);
  }

  private missingOperator(token: Token): never {
    const { kind, text, at } = token;
    if (kind === 'sign' && text === ')')
      fail(at, 'there is no bracket that this ) closes: leave it out');
    if (kind === 'sign' && text === '=') {
      fail(at, 'a second = in one equation: begin a new line for another equation');
    }
    if (kind === 'sign' && text === ',') {
      fail(
        at,
        'expected an operator or the end of the line, not ",": only max takes two arguments',
      );
    }
    fail(
      at,
      `expected an operator before ${shown(token)}: one of + - * /; only a matrix stands before what it multiplies without a sign, and has a capital letter`,
    );
  }

  private within<T>(work: () => T): T {
    if (++this.depth > cellLimits.depth) {
      fail(
        this.next.at,
        `brackets are nested more than ${cellLimits.depth} deep: define a part of the expression in a line of its own`,
      );
    }
    const result = work();
    this.depth--;
    return result;
  }

  private get next(): Token {
    return this.list[this.at];
  }

  private take(sign: string): boolean {
    if (this.next.kind !== 'sign' || this.next.text !== sign) return false;
    this.at++;
    return true;
  }
}

function shown({ kind, text }: Token): string {
  if (kind === 'end of line' || kind === 'end') return 'the end of the line';
  return `"${text}"`;
}
