/** Constrained sampling: what comes out matches, whatever the expression. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDevice } from '#charnn/backend/open-device.js';
import { loadWeights, networkOf } from '#charnn/model/load.js';
import { Predictor } from '#charnn/predict/predictor.js';
import { Batch } from '#charnn/sample/batch.js';
import { constraintOf } from '#charnn/sample/pattern/constraint.js';
import { readPrompt } from '#charnn/sample/read-prompt.js';
import { randomModel } from '../small-model.js';

const model = randomModel('abc01-. é\n', 8);
const { vocabulary } = model;
const { operations: backend } = await openDevice();
const weights = loadWeights(model, backend);
const network = networkOf(model.config, backend, weights, { maxRows: 8, maxBatch: 8 });
const predictor = new Predictor(backend, network, 8);
const beginning = readPrompt(model, backend, weights, []);

/** Eight records under a constraint */
function records(match: string | undefined, length: number, seed: number, allow?: string) {
  const constraint = constraintOf({ match, allow, ending: [] }, vocabulary, length);
  const choice = { greedy: false, temperatures: [1.5], schedule: undefined, banRepeats: undefined };
  const settings = { ...choice, length, stops: [], allow, match, seed };
  const symbols = vocabulary.symbols.length;
  const memory = { predictor, place: predictor.createPlace(8), rows: 8 };
  const batch = new Batch(memory, beginning, { settings, symbols, constraint });
  const drawn: number[][] = [];
  for (let i = 0; i < 8; i++) {
    batch.add(i, []);
    drawn.push([]);
  }
  while (batch.busy) {
    batch.step();
    for (const { index, value } of batch.takePieces()) drawn[index].push(...value);
  }
  return drawn.map((ids) => vocabulary.decode(ids));
}

/** Random expressions over the vocabulary, and some characters beyond it */
const { expression } = fc.letrec<{ expression: string; atom: string; quantified: string }>(
  (tie) => ({
    atom: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom('a', 'b', 'c', '0', '1', '-', 'é', 'z', '\\.', '😀'),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          '.',
          '\\d',
          '\\w',
          '\\s',
          '[a-c]',
          '[^a]',
          '[01.\\-]',
          '\\p{L}',
          '\\D',
        ),
      },
      {
        weight: 2,
        arbitrary: tie('expression').map((inside) => `(?:${inside})`),
      },
      { weight: 1, arbitrary: tie('expression').map((inside) => `(${inside})`) },
    ),
    quantified: fc
      .tuple(
        tie('atom'),
        fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?'),
      )
      .map(([atom, quantifier]) => atom + quantifier),
    expression: fc
      .array(fc.array(tie('quantified'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
      .map((choices) => choices.map((parts) => parts.join('')).join('|')),
  }),
);

describe('--match', () => {
  test('every record matches its expression, whatever it is, within the length', () => {
    let met = 0;
    fc.assert(
      fc.property(expression, fc.integer({ min: 1, max: 24 }), fc.nat(), (source, length, seed) => {
        let texts: string[];
        try {
          texts = records(source, length, seed);
        } catch (error) {
          // refused before anything is drawn: no text of these characters is short enough
          expect(String(error)).toMatch(/needs characters|needs \d+ characters at least/);
          return;
        }
        met++;
        const whole = new RegExp(`^(?:${source})$`, 'u');
        for (const text of texts) {
          expect(text).toMatch(whole);
          expect(Array.from(text).length).toBeLessThanOrEqual(length);
        }
      }),
      { numRuns: 300, seed: 42 },
    );
    expect(met).toBeGreaterThan(150);
  });

  test('every way through an expression is taken, also one that ends early', () => {
    const texts = Array.from({ length: 20 }, (_, seed) => records('(a|bc)?-*', 3, seed)).flat();
    const expected = ['', '-', '--', '---', 'a', 'a-', 'a--', 'bc', 'bc-'];
    expect([...new Set(texts)].sort()).toEqual(expected.sort());
  });

  test('only what the characters that are left can complete', () => {
    expect(new Set(records('(a|b{6})c', 4, 1))).toEqual(new Set(['ac']));
    expect(new Set(records('(z|q|a)+0{3}', 4, 1))).toEqual(new Set(['a000']));
  });

  test('a line end within the expression is drawn, not taken as the end', () => {
    expect(new Set(records('a\\n\\nb', 10, 1))).toEqual(new Set(['a\n\nb']));
  });

  test('^ and $ at the ends say what holds anyway', () => {
    expect(new Set(records('^ab$', 10, 1))).toEqual(new Set(['ab']));
  });

  test.each([
    ['(a', /a \( has no \)/],
    ['a)', /no group to close/],
    ['*a', /nothing to repeat/],
    ['[a', /has no \]/],
    ['a\\', /escape is not supported/],
    ['(?=a)b', /look-around/],
    ['(a)\\1', /back-references/],
    ['a^b', /\^ and \$ can stand only at the ends/],
    ['a{3,1}', /out of order/],
    ['[c-a]', /not understood at/],
    ['\\p{Nonsense}', /not understood at/],
    ['(((a{99}){99}){99})', /too large/],
    ['xyz', /needs characters that the model does not have/],
    ['a{20}', /needs 20 characters at least: give length 20/],
  ])('%s is refused in one line', (source, message) => {
    expect(() => records(source, 10, 1)).toThrow(message);
  });

  test.each([
    ['(){9999999999999}a', 'a'],
    ['(){0,9999999999}a', 'a'],
    ['(((){99999}){99999}){99999}a', undefined],
    ['(|){99999999}a', undefined],
    ['(b{0}){99999999}a', undefined],
    ['(a{0,99999999})', undefined],
    [`${'('.repeat(5000)}a${')'.repeat(5000)}`, undefined],
    [`${'(a|'.repeat(5000)}b${')'.repeat(5000)}`, undefined],
    ['a'.repeat(50_000), undefined],
  ])(
    '%#: what would take without end is done at once or refused in a short line',
    (source, only) => {
      if (only !== undefined) {
        expect(new Set(records(source, 10, 1))).toEqual(new Set([only]));
        return;
      }
      expect(() => records(source, 10, 1)).toThrow(/^[^\n]{20,250}$/);
      expect(() => records(source, 10, 1)).toThrow(/too large|nested more than|make it shorter/);
    },
  );

  test('an expression with exponentially many states keeps few of them', () => {
    const { constraint } = limitsOf('(a|b)*a(a|b){300}c', 8000);
    let [state, bits] = [constraint, 1];
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 7000; i++) {
      bits = (bits * 1_103_515_245 + 12_345) % 2 ** 31;
      state = state?.after(vocabulary.id((bits >> 16) & 1 ? 0x61 : 0x62));
    }
    expect(state?.accepting).toBe(false);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(3e8);
    // the first state is still there, and leads where it did
    expect(constraint?.after(vocabulary.id(0x61))?.accepting).toBe(false);
  });
});

function limitsOf(match: string, length: number) {
  return { constraint: constraintOf({ match, allow: undefined, ending: [] }, vocabulary, length) };
}

describe('--allow', () => {
  test('leaves only these characters, also together with --match', () => {
    expect(records(undefined, 40, 1, 'a-c\\d').join('')).toMatch(/^[a-c01]{320}$/);
    expect(records('.+', 10, 1, '^a-c').join('')).toMatch(/^[^a-c]+$/);
  });

  test('is refused where it is no class or leaves nothing', () => {
    expect(() => records(undefined, 9, 1, 'z-a')).toThrow(/is not a list of characters/);
    expect(() => records(undefined, 9, 1, 'x-z')).toThrow(/allows none/);
    expect(() => records(undefined, 9, 1, 'a]|[b')).toThrow(/is not a list of characters/);
    expect(() => records(undefined, 9, 1, 'a'.repeat(50_000))).toThrow(/at most/);
  });
});
