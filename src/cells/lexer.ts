/** Splits the text of a cell into words, numbers and signs. */
import { CharnnError } from '../errors.js';
import { quoteText } from '../messages/quote.js';
import { cellLimits } from './cell-limits.js';
import { fail, type Position } from './syntax.js';

export interface Token {
  readonly kind: 'name' | 'number' | 'sign' | 'end of line' | 'end';
  readonly text: string;
  readonly at: Position;
}

/** Notations of other languages that people write in equations, and what to write instead */
const meant: ReadonlyMap<string, string> = new Map([
  ...['·', '⊙', '∘', '×', '∗'].map((sign) => [sign, '*'] as const),
  ...['−', '–'].map((sign) => [sign, '-'] as const),
  ...['′', '’', '`'].map((sign) => [sign, "'"] as const),
  ['σ', 'sigmoid(…)'],
  ['^', 'a product, such as x*x for a square,'],
  ['[', '('],
  [']', ')'],
  ['{', '('],
  ['}', ')'],
  ['@', 'W x, without a sign,'],
  [';', 'a new line'],
]);

/**
 * Splits equations into words, numbers and signs. Comments extend from # to the end of the line; within brackets a line
 * may end anywhere.
 * @throws CharnnError for a text that is too long, or a character that the language does not use
 */
export function tokens(text: string): Token[] {
  if (text.length > cellLimits.characters) {
    throw new CharnnError(
      `the cell has ${text.length} characters: at most ${cellLimits.characters} are allowed`,
    );
  }
  const found: Token[] = [];
  const pattern =
    /[ \t]+|#[^\n]*|\r?\n|[A-Za-z][A-Za-z0-9_]*'?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[-+*/(),=]/y;
  let [line, start, depth, at] = [1, 0, 0, text.startsWith('\ufeff') ? 1 : 0];
  const add = (kind: Token['kind'], word: string, column: number) => {
    found.push({ kind, text: word, at: { line, column } });
    if (found.length > cellLimits.tokens) {
      fail(
        { line, column },
        `these equations are too long: at most ${cellLimits.tokens} names, numbers and signs are allowed`,
      );
    }
  };
  while (at < text.length) {
    pattern.lastIndex = at;
    const word = pattern.exec(text)?.[0];
    const column = at - start + 1;
    if (word === undefined) unexpected(text, at, { line, column });
    at += word.length;
    const first = word[0];
    if (word.endsWith('\n')) {
      if (depth === 0) add('end of line', word, column);
      line++;
      start = at;
    } else if (/[A-Za-z]/.test(first)) {
      if (word.length > cellLimits.name) {
        fail({ line, column }, `a name may have at most ${cellLimits.name} characters`);
      }
      add('name', word, column);
    } else if (/[\d.]/.test(first)) add('number', word, column);
    else if (!/[ \t#]/.test(first)) {
      depth = Math.max(0, depth + (word === '(' ? 1 : word === ')' ? -1 : 0));
      add('sign', word, column);
    }
  }
  add('end of line', '', at - start + 1);
  add('end', '', at - start + 1);
  return found;
}

function unexpected(text: string, at: number, position: Position): never {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const instead = meant.get(character);
  fail(
    position,
    instead === undefined
      ? `${quoteText(character)} is not part of an equation: names are of the letters a to z and A to Z, digits and _`
      : `${quoteText(character)} is not part of an equation: write ${instead} instead`,
  );
}
