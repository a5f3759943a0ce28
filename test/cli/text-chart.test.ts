/** Charts of characters. */
import { execFileSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { histogram, lineChart, sparkline } from '#charnn/cli/text-chart.js';
import { binary, Folder, verses } from '../commands/run.js';

const options = {
  width: 30,
  height: 5,
  logarithmic: false,
  xLabel: 'steps',
  formatY: (y: number) => y.toFixed(0),
};
const draw = (...parameters: Parameters<typeof lineChart>) =>
  lineChart(...parameters).map((line) => stripVTControlCharacters(line));

describe('a line chart', () => {
  test('draws a line from corner to corner, with its axes', () => {
    const points = [0, 1, 2, 3, 4].map((x) => [x, x] as const);
    const lines = draw([{ name: 'a', points }], options);
    expect(lines).toHaveLength(7);
    const rows = lines.slice(0, 5).map((line) => line.slice(3));
    expect(rows[0].trimStart()).toMatch(/^●+$/);
    expect(rows[4]).toMatch(/^●+$/);
    expect(lines[0]).toMatch(/^4 ┤/);
    expect(lines[4]).toMatch(/^0 ┤/);
    expect(lines[6]).toMatch(/^ +0 +4 steps$/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(30);
  });

  test('tells several series apart by their marks, without colours too', () => {
    const lines = draw(
      [
        {
          name: 'low',
          points: [
            [1, 0],
            [2, 0],
          ],
        },
        {
          name: 'high',
          points: [
            [1, 9],
            [2, 9],
          ],
        },
      ],
      options,
    );
    expect(lines[0]).toContain('×××');
    expect(lines[4]).toContain('●●●');
    expect(lines.at(-1)).toBe('  ● low   × high');
  });

  test('on a logarithmic axis exponential decay is a straight line, and 0 is left out', () => {
    const points = Array.from({ length: 20 }, (_, i) => [i, 10 ** -i] as const);
    const lines = draw([{ name: 'a', points: [...points, [20, 0]] }], {
      ...options,
      logarithmic: true,
      formatY: (y) => y.toExponential(0),
    });
    expect(lines[0]).toMatch(/^ 1e\+0/);
    expect(lines[4]).toMatch(/^1e-19/);
    const firstMarks = lines.slice(0, 5).map((line) => line.indexOf('●'));
    const steps = firstMarks.slice(2).map((at, i) => at - firstMarks[i + 1]);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
  });

  test('of nothing, of one point and of one value', () => {
    expect(draw([{ name: 'a', points: [] }], options)).toEqual([]);
    expect(draw([{ name: 'a', points: [[1, Number.NaN]] }], options)).toEqual([]);
    expect(draw([{ name: 'a', points: [[5, 7]] }], options).join('')).toContain('●');
  });
});

describe('a sparkline', () => {
  test.each([
    [[1, 2, 3, 4, 5, 6, 7, 8], 8, '▁▂▃▄▅▆▇█'],
    [[8, 8, 1, 1], 2, '█▁'],
    [[3, 3, 3], 5, '▁▁▁'],
    [[0, Number.NaN, 1], 5, '▁█'],
    [[], 5, ''],
  ])('of %j in %i', (values, width, drawn) => {
    expect(sparkline(values, width)).toBe(drawn);
  });
});

describe('a histogram', () => {
  test('has the extremes in the outer bins and blanks where nothing is', () => {
    expect(histogram([-1, 1, 1, 1, 1], 4, 1)).toBe('▅  █');
  });

  test('of zeros alone is one bar', () => {
    expect(histogram([0, 0], 5, 0).trim()).toBe('█');
  });
});

test('NO_COLOR keeps colours off a terminal, which else has them', async () => {
  const folder = new Folder();
  await folder.train(verses(300), '-q');
  const shown = (noColor: string | undefined) => {
    const line = `'${process.execPath}' '${binary}' inspect`;
    // nothing of a CI or an editor, which chalk takes for its own kinds of terminal
    const env = { PATH: process.env.PATH, NO_COLOR: noColor, TERM: 'xterm' };
    const terminal = { cwd: folder.path, env, encoding: 'utf8' } as const;
    return execFileSync('script', ['-qec', line, '/dev/null'], terminal);
  };
  expect(shown(undefined)).toContain('\x1b[');
  expect(shown('1')).toMatch(/Tensors/);
  expect(shown('1')).not.toContain('\x1b[');
});
