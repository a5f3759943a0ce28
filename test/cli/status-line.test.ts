/** The status line of a training fits any width, and gives way in a fixed order. */
import { describe, expect, test } from 'vitest';
import { statusText } from '#charnn/cli/status-line.js';
import { cutTo, textWidth, wrapped } from '#charnn/cli/text-width.js';
import { progressFields, sampleLines } from '#charnn/cli/training-words.js';

const event = {
  type: 'progress',
  step: 1_000_000,
  totalSteps: 2_000_000,
  fraction: 0.5,
  epoch: 123.45,
  loss: 6,
  bitsPerCharacter: 6 / Math.LN2,
  gradientNorm: 1,
  learningRate: 1e-3,
  charactersPerSecond: 1_234_567,
  secondsElapsed: 86_000,
  secondsLeft: 86_399,
} as const;

describe('of a training', () => {
  const fields = progressFields(event, '▇▆▅▄▃▂▁▁');
  const at = (columns: number) => statusText(fields, columns);

  test('is never wider than asked, and as wide as the fields allow', () => {
    for (let columns = 0; columns <= 220; columns++) {
      expect(textWidth(at(columns))).toBeLessThanOrEqual(columns);
    }
    expect(at(220).split(' · ')).toHaveLength(fields.length);
  });

  test('says the time left and the loss from 29 columns on', () => {
    for (let columns = 29; columns <= 220; columns++) {
      expect(at(columns)).toContain('23h59m left');
      expect(at(columns)).toContain('8.656 bits/char');
    }
  });

  test('drops curve, epoch, bar, name, share, speed, loss, in this order', () => {
    const marks = ['▇▆', 'epoch', '█', 'training', '50 %', 'char/s', 'bits/char', 'left'];
    const present = Array.from({ length: 221 }, (_, columns) =>
      marks.map((mark) => at(columns).includes(mark)),
    );
    for (const shown of present) {
      // once one is there, all that are more important are there as well
      expect(shown.slice(shown.indexOf(true)).every(Boolean) || !shown.includes(true)).toBe(true);
    }
  });
});

describe('text in columns of a terminal', () => {
  test.each([
    ['abc', 3],
    ['한국어', 6],
    ['e\u0301', 1],
    ['日本', 4],
    ['\x1b[31mred\x1b[39m', 3],
    ['▁▂▃ · █', 7],
  ])('%j takes %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test('breaks at spaces alone, and loses nothing', () => {
    const text = 'the quick brown fox\n\njumps over 日本語 the_long_word_that_fits_nowhere dog';
    const lines = wrapped(text, 12).split('\n');
    expect(lines.join(' ').replace(/\s+/g, ' ')).toBe(text.replace(/\s+/g, ' '));
    for (const line of lines) {
      if (line.includes(' ')) expect(textWidth(line)).toBeLessThanOrEqual(12);
    }
    expect(lines[2]).toBe('');
    expect(wrapped('  indented', 40)).toBe('  indented');
  });

  test('is cut to a width between characters', () => {
    for (let columns = 0; columns < 12; columns++) {
      expect(textWidth(cutTo('a한b국c어d', columns))).toBeLessThanOrEqual(columns);
      expect('a한b국c어d'.startsWith(cutTo('a한b국c어d', columns))).toBe(true);
    }
  });

  test('a sample is two lines at most, in any language', () => {
    const texts = ['word '.repeat(100), '한국어 '.repeat(100), 'x'.repeat(500), 'a\nb\n\nc'];
    for (const text of texts) {
      for (const columns of [20, 40, 80, 200]) {
        const lines = sampleLines(text, columns).split('\n');
        expect(lines.length).toBeLessThanOrEqual(2);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
    expect(sampleLines('a\nb\n\nc', 80).trim()).toBe('a ⏎ b ⏎ c');
  });
});
