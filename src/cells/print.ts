/** Writes equations as text. */
import type { CellDefinition, Vector } from './definition.js';
import type { Expression } from './syntax.js';

const binding = { '+': 1, '-': 1, '*': 2, '/': 2 } as const;

/** Binding strength of the operand that follows a matrix */
const chained = 4;

/**
 * Writes an expression with no more brackets than needed.
 * @param within binding strength of the operator around it
 */
export function textOf(e: Expression, within = 0): string {
  const bracketed = (text: string, strength: number) => (strength < within ? `(${text})` : text);
  switch (e.kind) {
    case 'number':
      return e.value < 0 ? bracketed(`${e.value}`, 1) : `${e.value}`;
    case 'name':
      return e.name;
    case 'call':
      return `${e.name}(${e.arguments.map((argument) => textOf(argument)).join(', ')})`;
    case 'negative':
      return bracketed(`-${textOf(e.of, 3)}`, 1);
    case 'product': {
      const isPlain = e.of.kind === 'name' || e.of.kind === 'call' || e.of.kind === 'product';
      const text = `${e.matrix} ${isPlain ? textOf(e.of, chained) : `(${textOf(e.of)})`}`;
      // the product of matrix and vector gets brackets beside another factor, because it would be hard to read without
      // them
      return within >= 2 && within < chained ? `(${text})` : text;
    }
    case 'operation': {
      const strength = binding[e.operator];
      const tight = strength === 2 ? e.operator : ` ${e.operator} `;
      return bracketed(
        `${textOf(e.left, strength)}${tight}${textOf(e.right, strength + 0.5)}`,
        strength,
      );
    }
  }
}

/** Writes the equations as lines, followed by the initial values that are not 0. */
export function print({ equations, vectors }: CellDefinition): string {
  const initial = ({ name, initial: [low, high] }: Vector) =>
    low === high ? `${name} = ${low}` : `${name} = uniform(${low}, ${high})`;
  return [
    ...equations.map(({ name, value }) => `${name} = ${textOf(value)}`),
    ...vectors.filter(({ initial: [low, high] }) => low !== 0 || high !== 0).map(initial),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
