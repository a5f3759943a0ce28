/**
 * Writes texts that can be predicted only with a memory of known length to standard output:
 *
 *     node data/long-memory.mjs delay --lag 50      c.......?c   a letter comes back up to 50 characters later
 *     node data/long-memory.mjs brackets --depth 8  ([{<…>}])    the last to open is the first to close
 *     node data/long-memory.mjs count --most 30     aaabbb       as many b as a
 *
 *     --lines <n>  (default: 5000)     --seed <n>  same seed, same text (default: 1)
 *
 * It uses the random numbers of charnn, which has to be built first.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '#charnn/model/random.js';

const letters = 'abcdefgh';
const brackets = ['()', '[]', '{}', '<>'];

/**
 * A letter, dots, a question mark, and the letter again, `lag` characters after the first: the question
 * mark says that the letter comes next, but which letter it is takes a memory of `lag` steps.
 * @param {Random} random
 * @param {number} lag at least 2
 */
export function delayLine(random, lag) {
  const letter = letters[Math.floor(random.uniform() * letters.length)];
  return `${letter}${'.'.repeat(lag - 2)}?${letter}\n`;
}

/** A line with a random delay, from 2 to `most`: short delays are learned first, and help to learn the long ones. */
function anyDelayLine(random, most) {
  return delayLine(random, 2 + Math.floor(random.uniform() * (most - 1)));
}

/**
 * `depth` brackets of random kinds one in another, and what closes them. The innermost closes after one
 * step, the outermost after 2 · depth - 1.
 * @param {Random} random
 * @param {number} depth at least 1
 */
export function bracketLine(random, depth) {
  const kinds = Array.from(
    { length: depth },
    () => brackets[Math.floor(random.uniform() * brackets.length)],
  );
  const open = kinds.map(([left]) => left).join('');
  const close = kinds.map(([, right]) => right).reverse();
  return `${open}${close.join('')}\n`;
}

/**
 * From 1 to `most` times the letter a, then b as often: only counting tells when the line ends.
 * @param {Random} random
 * @param {number} most
 */
export function countLine(random, most) {
  const count = 1 + Math.floor(random.uniform() * most);
  return `${'a'.repeat(count)}${'b'.repeat(count)}\n`;
}

/**
 * For each task, what writes one of its lines, and the option that sets the largest size
 * @type {Record<string, readonly [line: (random: Random, size: number) => string, option: string]>}
 */
const tasks = {
  delay: [anyDelayLine, 'lag'],
  brackets: [bracketLine, 'depth'],
  count: [countLine, 'most'],
};

/**
 * @param {keyof typeof tasks} task
 * @param {{ size: number, lines: number, seed: number }} options
 */
export function longMemoryText(task, { size, lines, seed }) {
  const random = new Random(seed);
  const [line] = tasks[task];
  return Array.from({ length: lines }, () => line(random, size)).join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      lag: { type: 'string', default: '50' },
      depth: { type: 'string', default: '8' },
      most: { type: 'string', default: '30' },
      lines: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
    },
  });
  const [task] = positionals;
  if (!Object.hasOwn(tasks, task ?? '')) {
    console.error(`name a task: ${Object.keys(tasks).join(', ')}`);
    process.exit(2);
  }
  const number = (name, least) => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least) return value;
    console.error(`--${name} must be an integer of at least ${least}, not ${values[name]}`);
    process.exit(2);
  };
  const [, option] = tasks[task];
  const size = number(option, task === 'delay' ? 2 : 1);
  process.stdout.write(
    longMemoryText(task, { size, lines: number('lines', 1), seed: number('seed', 0) }),
  );
}
