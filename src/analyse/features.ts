/**
 * Features of a text that a unit may follow: for every character, a number that is known once the character has been
 * read. Single units have been found to follow some of these features (Karpathy, Johnson & Fei-Fei 2015).
 */
import type { Ids } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';

export interface Feature {
  readonly name: string;
  /** The value of the feature at each character, [characters] */
  readonly values: Float32Array;
}

/** The properties of a symbol on which features depend */
interface Kind {
  readonly symbol: string;
  readonly letter: boolean;
  readonly capital: boolean;
  readonly digit: boolean;
  readonly blank: boolean;
}

const opening = new Set(['“', '„', '«', '「', '『']);
const closing = new Set(['”', '»', '」', '』']);

/** Lists all features of a text. */
export function textFeatures(ids: Ids, vocabulary: Vocabulary): Feature[] {
  const kinds = Array.from({ length: vocabulary.size }, (_, id) => kindOf(vocabulary, id));
  const at = (i: number) => kinds[ids[i]];
  const N = ids.length;
  const make = (name: string, value: (i: number) => number): Feature => {
    const values = new Float32Array(N);
    for (let i = 0; i < N; i++) values[i] = value(i);
    return { name, values };
  };
  const column = columns(N, at);
  return [
    make('inside quotation marks', quotation(at)),
    make('inside brackets', nesting(at, '([', ')]', true)),
    make('depth of braces', nesting(at, '{', '}', false)),
    make('position in the line', (i) => column[i]),
    make('distance to the last newline, logarithmic', (i) => Math.log2(1 + column[i])),
    make('indentation', indentation(at, column)),
    make('inside a word', (i) => (at(i).letter ? 1 : 0)),
    make(
      'letters since the word began',
      counter((i) => at(i).letter),
    ),
    make(
      'blanks since the last word',
      counter((i) => at(i).blank),
    ),
    make('capital letters', (i) => (at(i).capital ? 1 : 0)),
    make('digits', (i) => (at(i).digit ? 1 : 0)),
    make('length of the sentence so far, logarithmic', sentence(at)),
    speakers(N, at),
  ];
}

function kindOf(vocabulary: Vocabulary, id: number): Kind {
  const symbol = vocabulary.symbols[id];
  // a byte beyond ASCII is counted as a letter
  const isByte = vocabulary.unit === 'byte' && symbol >= 0x80;
  const text = symbol === undefined ? '\ufffd' : isByte ? 'é' : String.fromCodePoint(symbol);
  return {
    symbol: text,
    letter: /[\p{L}\p{M}'’]/u.test(text),
    capital: /\p{Lu}/u.test(text),
    digit: /\p{Nd}/u.test(text),
    blank: /\s/u.test(text),
  };
}

/** Number of characters since the last newline; 0 at the newline itself. */
function columns(N: number, at: (i: number) => Kind): Uint32Array {
  const column = new Uint32Array(N);
  for (let i = 0; i < N; i++) {
    if (at(i).symbol !== '\n') column[i] = i === 0 ? 1 : column[i - 1] + 1;
  }
  return column;
}

/** Whether a blank line ends at this character; it also ends a quotation that was never closed. */
function endsParagraph(at: (i: number) => Kind, i: number): boolean {
  return i > 0 && at(i).symbol === '\n' && at(i - 1).symbol === '\n';
}

function quotation(at: (i: number) => Kind): (i: number) => number {
  let inside = false;
  return (i) => {
    const { symbol } = at(i);
    if (symbol === '"') inside = !inside;
    else if (opening.has(symbol)) inside = true;
    else if (closing.has(symbol) || endsParagraph(at, i)) inside = false;
    return inside ? 1 : 0;
  };
}

function nesting(at: (i: number) => Kind, open: string, close: string, forgets: boolean) {
  let depth = 0;
  return (i: number) => {
    const { symbol } = at(i);
    if (open.includes(symbol)) depth++;
    else if (close.includes(symbol)) depth = Math.max(0, depth - 1);
    else if (forgets && endsParagraph(at, i)) depth = 0;
    return depth;
  };
}

/** The number of blanks at the beginning of the line */
function indentation(at: (i: number) => Kind, column: Uint32Array) {
  let indent = 0;
  return (i: number) => {
    if (column[i] === 0) indent = 0;
    else if (column[i] === indent + 1 && at(i).blank) indent++;
    return indent;
  };
}

/**
 * Makes a function that counts the characters in succession, up to the current one, for which `is` holds; 0 if it does
 * not hold for the current one.
 */
function counter(is: (i: number) => boolean): (i: number) => number {
  let count = 0;
  return (i) => {
    count = is(i) ? count + 1 : 0;
    return count;
  };
}

function sentence(at: (i: number) => Kind): (i: number) => number {
  let length = 0;
  return (i) => {
    length = '.!?'.includes(at(i).symbol) || endsParagraph(at, i) ? 0 : length + 1;
    return Math.log2(1 + length);
  };
}

/** Matches the name of a speaker at the beginning of a line: before a colon, or in capitals before a full stop. */
const speaker = /^[ \t]*(?:\p{Lu}[\p{L}'’. -]{1,28}:|\p{Lu}[\p{Lu}'’ -]{1,28}\.)/u;
/** Number of characters at the beginning of a line in which the name of a speaker is looked for */
const maxNameLength = 48;

function speakers(N: number, at: (i: number) => Kind): Feature {
  const values = new Float32Array(N);
  for (let start = 0; start < N; ) {
    let end = start;
    while (end < N && at(end).symbol !== '\n') end++;
    const head = Array.from({ length: Math.min(maxNameLength, end - start) }, (_, k) =>
      at(start + k),
    );
    const match = speaker.exec(head.map(({ symbol }) => symbol).join(''));
    // a symbol beyond the basic multilingual plane takes two code units
    if (match) values.fill(1, start, start + Array.from(match[0]).length);
    start = end + 1;
  }
  return { name: 'speaker names', values };
}
