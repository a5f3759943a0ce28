/** Values as people write them, and names as people misspell them. */
import { describe, expect, test } from 'vitest';
import { nearest } from '#charnn/options/suggest.js';
import { checkOptions, flag, option, withDefaults } from '#charnn/options/table.js';
import { choice, duration, integer, listOf, positive } from '#charnn/options/types.js';

describe('a time', () => {
  test.each([
    ['90', 90],
    ['90s', 90],
    ['90sec', 90],
    ['2 seconds', 2],
    ['1min', 60],
    ['1MIN', 60],
    ['3m', 180],
    ['1.5h', 5400],
    ['1h30m', 5400],
    ['1h 30 min', 5400],
    ['2hrs', 7200],
    ['1day', 86_400],
  ])('%s is %d seconds', (given, seconds) => {
    expect(duration.parse(given)).toBe(seconds);
  });

  test.each(['', 'soon', '0', '0s', '-1m', '1 fortnight', '3mo', 'm', '1h-30m', '1e3x'])(
    '%j is none',
    (given) => {
      expect(() => duration.parse(given)).toThrow(/must be a time such as/);
      expect(duration.accepts(given)).toBe(false);
    },
  );
});

test('a choice is taken in capitals; a near miss is suggested, anything else is not', () => {
  const cell = choice(['rnn', 'lstm', 'gru']);
  expect(cell.parse('LSTM')).toBe('lstm');
  expect(() => cell.parse('lsmt')).toThrow('not "lsmt"; did you mean lstm?');
  expect(() => cell.parse('transformer')).toThrow(/not "transformer"$/);
  expect(listOf(cell).parse('RNN,gru')).toEqual(['rnn', 'gru']);
  // a program is held to the names as they are
  expect(cell.accepts('LSTM')).toBe(false);
});

test('the nearest name: swaps, beginnings and synonyms, but nothing far-fetched', () => {
  const names = ['sample', 'eval', 'score', 'inspect', 'train'];
  expect(nearest('sampel', names)).toBe('sample');
  expect(nearest('insp', names)).toBe('inspect');
  expect(nearest('Generate', names, { generate: 'sample' })).toBe('sample');
  expect(nearest('constructor', names, {})).toBeUndefined();
  expect(nearest('xyz', names)).toBeUndefined();
});

describe('what a program gives', () => {
  const table = {
    hidden: option('<n>', integer(1, 64), 'units', { default: 8 }),
    rate: option('<x>', positive, 'rate', {
      defaultBy: { option: 'kind', values: { fast: 2, slow: 1 } },
    }),
    kind: option('<kind>', choice(['fast', 'slow']), 'kind', { default: 'slow' }),
    keep: flag('keep'),
  };

  test.each([
    [{ hiden: 3 }, 'f has no option "hiden"; did you mean hidden?'],
    [{ hidden: '3' }, 'option hidden must be an integer from 1 to 64, not "3"'],
    [{ hidden: Number.NaN }, 'option hidden must be an integer from 1 to 64, not NaN'],
    [{ rate: 0 }, 'option rate must be a number above 0, not 0'],
    [{ keep: 1 }, 'option keep must be true or false, not 1'],
    [{ __proto__: null, constructor: 1 }, 'f has no option "constructor"'],
    [null, 'the options of f must be an object'],
    [[], 'the options of f must be an object'],
  ])('%j: %s', (options, message) => {
    expect(() => checkOptions(table, options, 'f')).toThrow(message);
  });

  test('absent options have their defaults, which may depend on another option', () => {
    expect(withDefaults(table, {})).toMatchObject({ hidden: 8, rate: 1, kind: 'slow' });
    expect(withDefaults(table, { kind: 'fast' }).rate).toBe(2);
    expect(withDefaults(table, { kind: 'fast', rate: 5 }).rate).toBe(5);
  });
});
