/**
 * Parses regular expressions in JavaScript's notation to a tree. Only the structure is parsed: the notation of a single
 * character is kept as it is, and later tested with a regular expression of the JavaScript engine.
 */
import { UsageError } from '../../errors.js';
import { limits } from '../../limits.js';
import { printable, quoteText } from '../../messages/quote.js';

export type Expression =
  /** A part that matches one character: any that `source`, as a regular expression with flag u, matches */
  | { readonly kind: 'character'; readonly source: string }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  /** A repetition; `most` may be infinite. */
  | {
      readonly kind: 'repeat';
      readonly part: Expression;
      readonly least: number;
      readonly most: number;
    };

/**
 * Parses an expression that must match a whole text; ^ at its start and $ at its end are therefore allowed.
 * @throws UsageError for an invalid expression, and for look-around, back-references and \b
 */
export function parseExpression(text: string): Expression {
  const { characters } = limits.expression;
  if (text.length > characters) {
    throw new UsageError(
      `the expression has ${text.length} characters: at most ${characters} are allowed; make it shorter`,
    );
  }
  const parser = new Parser(text);
  const expression = parser.choice();
  parser.expectEnd();
  return expression;
}

const escapes =
  /^\\(?:[dDwWsSfnrtv0]|c[A-Za-z]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|u\{[\da-fA-F]+\}|[pP]\{[^}]*\}|[^\w\s])/u;
const bracket = /^\[(?:\\[\s\S]|[^\]\\])*\]/u;
const quantifier = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/;
const group = /^\((?:\?:|\?<[\p{L}_$][\p{L}\p{N}_$]*>|(?!\?))/u;

class Parser {
  private at = 0;
  /** Number of groups (parts in parentheses) that have begun but not ended */
  private depth = 0;
  /** Notations of one character, such as `\d` or `[a-z]`, that were tested with a regular expression and are valid */
  private readonly known = new Set<string>();

  constructor(private readonly text: string) {
    if (text.startsWith('^')) this.at = 1;
  }

  choice(): Expression {
    const parts = [this.sequence()];
    while (this.take(/^\|/)) parts.push(this.sequence());
    return parts.length > 1 ? { kind: 'choice', parts } : parts[0];
  }

  expectEnd(): void {
    if (this.at < this.text.length) this.fail('there is no group to close');
  }

  private sequence(): Expression {
    const parts: Expression[] = [];
    while (this.at < this.text.length && !/^[|)]/.test(this.rest)) {
      if (this.rest === '$') {
        this.at++;
        break;
      }
      parts.push(this.quantified(this.atom()));
    }
    return { kind: 'sequence', parts };
  }

  private quantified(part: Expression): Expression {
    const match = this.take(quantifier);
    if (match === undefined) return part;
    const [, sign, min, comma, max] = match;
    if (sign === '*') return { kind: 'repeat', part, least: 0, most: Number.POSITIVE_INFINITY };
    if (sign === '+') return { kind: 'repeat', part, least: 1, most: Number.POSITIVE_INFINITY };
    if (sign === '?') return { kind: 'repeat', part, least: 0, most: 1 };
    const upper = comma === undefined ? Number(min) : Number(max || Number.POSITIVE_INFINITY);
    if (upper < Number(min)) this.fail('the numbers of a quantifier are out of order');
    return { kind: 'repeat', part, least: Number(min), most: upper };
  }

  private atom(): Expression {
    if (this.rest.startsWith('(')) return this.group();
    if (/^[*+?{]/.test(this.rest)) this.fail('there is nothing to repeat');
    if (/^[\^$]/.test(this.rest)) {
      this.fail(
        '^ and $ can stand only at the ends, where they are not needed, because the whole record must match',
      );
    }
    if (/^[\]}]/.test(this.rest)) this.fail('a bracket as a character needs a backslash');
    const special = this.take(escapes) ?? this.take(bracket) ?? this.take(/^\./);
    if (special) return this.character(special[0]);
    if (this.rest.startsWith('\\')) {
      this.fail('this escape is not supported; neither are look-around, back-references and \\b');
    }
    if (this.rest.startsWith('[')) this.fail('a [ has no ]');
    const [literal] = this.take(/^[\s\S]/u) ?? this.fail('the expression ends too early');
    const code = (literal.codePointAt(0) as number).toString(16);
    return { kind: 'character', source: `\\u{${code}}` };
  }

  private group(): Expression {
    if (this.take(group) === undefined) this.fail('look-around is not supported');
    const { depth } = limits.expression;
    if (++this.depth > depth) this.fail(`groups are nested more than ${depth} deep`);
    const inside = this.choice();
    this.depth--;
    if (!this.take(/^\)/)) this.fail('a ( has no )');
    return inside;
  }

  private character(source: string): Expression {
    try {
      if (!this.known.has(source)) new RegExp(source, 'u');
    } catch (error) {
      this.fail(printable(error instanceof Error ? error.message : String(error)).slice(0, 200));
    }
    this.known.add(source);
    return { kind: 'character', source };
  }

  private get rest(): string {
    return this.text.slice(this.at);
  }

  private take(pattern: RegExp): RegExpMatchArray | undefined {
    const match = this.rest.match(pattern) ?? undefined;
    this.at += match?.[0].length ?? 0;
    return match;
  }

  private fail(reason: string): never {
    throw new UsageError(
      `the expression ${quoteText(this.text, 60)} is not understood at character ${this.at + 1}: ${reason}`,
    );
  }
}
