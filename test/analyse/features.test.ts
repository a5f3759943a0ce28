/** Features of texts, character by character. */
import { describe, expect, test } from 'vitest';
import { textFeatures } from '#charnn/analyse/features.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

function valuesOf(text: string, name: string, unit: 'char' | 'byte' = 'char'): number[] {
  const symbols =
    unit === 'char' ? Array.from(text, (c) => c.codePointAt(0) ?? 0) : [...Buffer.from(text)];
  const vocabulary = Vocabulary.of(unit, symbols);
  const features = textFeatures(vocabulary.encode(text).ids, vocabulary);
  const found = features.find((feature) => feature.name === name);
  return Array.from(found?.values ?? []);
}

/** Digits, one a character */
const digits = (pattern: string) => Array.from(pattern, Number);

describe('features', () => {
  test.each([
    ['inside quotation marks', 'a “bc” d', '00111000'],
    ['inside quotation marks', 'a "b" c', '0011000'],
    ['inside quotation marks', '"a\n\nb', '11100'],
    ['inside brackets', 'a(b[c]d)e', '011221100'],
    ['inside brackets', ':(\n\na)', '011000'],
    ['depth of braces', '{a{\n\n}}}', '112221000'.slice(0, 8)],
    ['position in the line', 'ab\nc\n\nd', '1201001'],
    ['indentation', '  a b\n c', '12222011'],
    ['inside a word', "It's 1 ö", '11110001'],
    ['letters since the word began', 'ab cd', '12012'],
    ['blanks since the last word', 'a  b', '0120'],
    ['capital letters', 'aBÇ𝒜x', '01110'],
    ['digits', 'a12٣', '0111'],
    ['speaker names', 'ROMEO:\nhi.\n', '111111000000'.slice(0, 11)],
    ['speaker names', '  HAMLET. Oh', '111111111000'],
    [
      'speaker names',
      'Second Citizen:\nWhere: there',
      `${'1'.repeat(15)}0${'1'.repeat(6)}${'0'.repeat(6)}`,
    ],
  ])('%s of %j', (name, text, expected) => {
    expect(valuesOf(text, name)).toEqual(digits(expected));
  });

  test('logarithmic lengths', () => {
    expect(valuesOf('abc\nd', 'distance to the last newline, logarithmic')).toEqual(
      [1, 2, 3, 0, 1].map((n) => Math.fround(Math.log2(1 + n))),
    );
    expect(valuesOf('ab.c', 'length of the sentence so far, logarithmic')).toEqual(
      [1, 2, 0, 1].map((n) => Math.fround(Math.log2(1 + n))),
    );
  });

  test('in a text of bytes those of a letter beyond ASCII are inside a word', () => {
    expect(valuesOf('aé b', 'inside a word', 'byte')).toEqual([1, 1, 1, 0, 1]);
  });
});
