/** The language of equations: what it reads, what it prints, and what it says of what it cannot read. */
import { describe, expect, test } from 'vitest';
import { fusedNames, libraryNames, libraryText } from '#charnn/cells/cell-library.js';
import { cellLimits } from '#charnn/cells/cell-limits.js';
import { compileCell } from '#charnn/cells/compile.js';
import { defineCell } from '#charnn/cells/definition.js';
import { print } from '#charnn/cells/print.js';
import { CharnnError } from '#charnn/errors.js';
import { Random } from '#charnn/model/random.js';
import { oddCells } from './odd-cells.js';

const texts = [
  ...[...fusedNames, ...libraryNames].map((name) => [name, libraryText(name)] as const),
  ...Object.entries(oddCells),
];

test.each(texts)('%s: what is printed is the same cell', (_, text) => {
  const printed = print(defineCell(text));
  expect(print(defineCell(printed))).toBe(printed);
  expect([...compileCell(printed).code]).toEqual([...compileCell(text).code]);
});

test('a list of names is an equation for each, with learned names of its own', () => {
  const { equations, matrices, vectors } = defineCell(
    "i, f = sigmoid(W x + U h + p*c + b)\nc' = f*c + i*x2\nx2' = tanh(V x)\nh' = c'\nb_f = 1\nb_i, p_i = 0.5",
  );
  expect(equations.map(({ name }) => name)).toEqual(['i', 'f', "c'", "x2'", "h'"]);
  expect(matrices.map(({ name }) => name)).toEqual(['W_i', 'U_i', 'W_f', 'U_f', 'V']);
  expect(vectors).toEqual([
    { name: 'p_i', initial: [0.5, 0.5] },
    { name: 'b_i', initial: [0.5, 0.5] },
    { name: 'p_f', initial: [0, 0] },
    { name: 'b_f', initial: [1, 1] },
  ]);
});

test.each([
  [
    'comments and brackets over lines',
    "# a\nh' = tanh(W x  # b\n  + U h\n)\n\n",
    "h' = tanh(W x + U h)\n",
  ],
  ['line ends of Windows', "u = 2\r\nh' = u*(W x)\r\n", "h' = u*(W x)\nu = 2\n"],
  ['brackets that are needed', "h' = (h - (W x - (h - 1)))/(2*(h + 3))", undefined],
  ['signs', "h' = --1*(W x) - -h", undefined],
])('reads %s', (_, text, printed) => {
  const found = print(defineCell(text));
  if (printed !== undefined) expect(found).toBe(printed);
  expect(print(defineCell(found))).toBe(found);
});

test('the products that wait for the state are counted, the others not', () => {
  const counts = (name: (typeof libraryNames)[number]) => {
    const { matrices, products } = compileCell(libraryText(name)).recurrent;
    return [products, matrices];
  };
  expect(counts('nas')).toEqual([1, 8]);
  expect(counts('mut1')).toEqual([2, 2]);
  expect(counts('mut3')).toEqual([3, 3]);
  expect(counts('mlstm')).toEqual([2, 5]);
  for (const name of ['indrnn', 'sru', 'mingru', 'minlstm'] as const) {
    expect(counts(name)).toEqual([0, 0]);
  }
});

describe('what is wrong is told with its place and what to write', () => {
  test.each([
    ['h = tanh(W x)', /^line 1, column 1: h is the state before the step: write h' for/],
    [
      "h' = tanh(W x + U h",
      /^line 1, column 20: the bracket of line 1, column 10 is not closed: expected \)/,
    ],
    ["h' = tanh(W x) h", /^line 1, column 16: expected an operator before "h": one of \+ - \* \//],
    ["h' = tanh W x", /^line 1, column 11: expected \( after tanh, not "W"/],
    ["h' = tan(W x)", /^line 1, column 6: there is no function tan; did you mean tanh\?/],
    ["h' = W * x", /^line 1, column 8: expected what the matrix W multiplies, not "\*"/],
    ["h' = x", /^line 1, column 6: x may stand only after a matrix, .*: write W x$/],
    ["h' = max(W x)", /^line 1, column 6: max takes 2 values, not 1: write max\(a, b\)/],
    ["h' = W x + c'", /^line 1, column 12: no line gives c': add an equation/],
    [
      "h' = W x + c'\nc' = h",
      /^line 1, column 12: c' is used before line 2, which defines it: move that line up/,
    ],
    ["h' = W x\nh' = h", /^line 2, column 1: h' is already defined in line 1/],
    ["h' = W x + W h", /^line 1, column 12: W multiplies x and h: use a separate matrix/],
    ["f = sigmoid(W x)\nh' = V x", /^line 1, column 1: f is defined but never used/],
    ["h' = W x\nb = 1", /^line 2, column 1: b occurs in no equation/],
    [
      "h' = W x + bias\nbais = 1",
      /^line 2, column 1: bais occurs in no equation; did you mean bias\?/,
    ],
    ["h' = W x + b\nb = 1\nb = 2", /^line 3, column 1: b has two initial values/],
    ["h' = tanh(U h)", /^no matrix multiplies x/],
    ['f = W x', /^no line gives h', the state after the step/],
    ['', /^no line gives h'/],
    ["h' = 1", /^line 1, column 1: h' may not be a number/],
    ["c' = h\nc = W x\nh' = c", /^line 2, column 1: c is a state, because there is c'/],
    [
      "W = 1\nh' = W x",
      /^line 1, column 1: W begins with a capital letter, so it is a learned matrix/,
    ],
    ["h' = W x · h", /^line 1, column 10: "·" is not part of an equation: write \* instead/],
    [
      "h' = σ(W x)",
      /^line 1, column 6: "σ" is not part of an equation: write sigmoid\(…\) instead/,
    ],
    ["h' = (W x)) + h", /^line 1, column 11: there is no bracket that this \) closes/],
    ["h' = W x = h", /^line 1, column 10: a second = in one equation/],
    ["h' = W x +", /^line 1, column 11: expected a value, not the end of the line/],
    [
      "h' = W x + b\nb = uniform(1, 0)",
      /^line 2, column 5: uniform takes two numbers, the smaller first/,
    ],
    ["sigmoid = W x\nh' = sigmoid", /^line 1, column 1: sigmoid is a function/],
    [`h' = ${'('.repeat(200)}W x`, /^line 1, column \d+: brackets are nested more than/],
    [`h' = ${'W x + '.repeat(2000)}h`, /these equations are too long/],
    ['x'.repeat(cellLimits.characters + 1), /the cell has \d+ characters/],
    [`${'a'.repeat(41)} = W x`, /^line 1, column 1: a name may have at most 40 characters/],
    [
      `h' = W x + ${Array.from({ length: 70 }, (_, i) => `b${i}`).join(' + ')}`,
      /at most 64 learned vectors/,
    ],
  ])('%s', (text, message) => {
    expect(() => compileCell(text)).toThrow(message);
  });
});

test('10,000 files with slips are cells or are told in one line what is wrong with them', () => {
  const random = new Random(3);
  const below = (n: number) => Math.floor(random.uniform() * n);
  const pieces = [
    ..."+-*/(),='\n #xhWc1.;^%\u0000\u{1f600}é",
    ' = ',
    "h'",
    'tanh(',
    'uniform(',
    '1e999',
  ];
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    let text = texts[below(texts.length)][1];
    for (let slips = 1 + below(4); slips > 0; slips--) {
      const at = below(text.length);
      const inserted = below(3) > 0 ? pieces[below(pieces.length)] : '';
      text = text.slice(0, at) + inserted + text.slice(at + below(4));
    }
    try {
      compileCell(text);
    } catch (error) {
      if (!(error instanceof CharnnError)) throw new Error(`of ${JSON.stringify(text)}: ${error}`);
      expect(error.message).toMatch(/^(line \d+, column \d+: |no |a cell may )[^\n]+$/);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(5000);
}, 120_000);
