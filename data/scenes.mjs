/**
 * Scenes of coloured shapes on a grid, one record of NDJSON per line on standard output:
 *
 *     node data/scenes.mjs captions    {"cells":[…],"target":"a red circle at the top left and a blue star on the right"}
 *     node data/scenes.mjs questions   {"cells":[…],"source":"what colour is the star?","target":"blue"}
 *
 *     --scenes <n>  number of scenes, all of them different (default: 10000)
 *     --each <n>    questions about each scene (default: 3)
 *     --seed <n>    same seed, same scenes (default: 1)
 *
 * `cells` is the grid row by row, each cell as a list of numbers: 1 for its shape, 1 for its colour, 0 for the others,
 * all of them with some noise, as a detector would give them; and its row and column. Run it after the build, whose
 * random numbers it uses.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '#charnn/model/random.js';

const shapes = ['circle', 'square', 'triangle', 'star'];
const colours = ['red', 'green', 'blue', 'yellow'];
/** Number of rows, and of columns, of the grid */
const side = 3;
const places = [
  ...['at the top left', 'at the top', 'at the top right'],
  ...['on the left', 'in the centre', 'on the right'],
  ...['at the bottom left', 'at the bottom', 'at the bottom right'],
];
const mostThings = 4;
/** Standard deviation of the noise that is added to the numbers 0 and 1 that stand for shapes and colours */
const noise = 0.1;

/** @typedef {{ shape: string, colour: string, place: number }} Thing a thing in a cell of the grid */

const below = (random, n) => Math.floor(random.uniform() * n);
const oneOf = (random, list) => list[below(random, list.length)];

/** One to four things in different cells, in reading order. */
function drawScene(random) {
  const count = 1 + below(random, mostThings);
  const cells = new Set();
  while (cells.size < count) cells.add(below(random, places.length));
  return [...cells]
    .sort((a, b) => a - b)
    .map((place) => ({ place, shape: oneOf(random, shapes), colour: oneOf(random, colours) }));
}

/**
 * Scenes, none of them twice
 * @param {Random} random
 * @param {number} count
 * @returns {Thing[][]}
 */
export function drawScenes(random, count) {
  const scenes = new Map();
  while (scenes.size < count) {
    const scene = drawScene(random);
    scenes.set(JSON.stringify(scene), scene);
  }
  return [...scenes.values()];
}

/** The grid of a scene as a list of vectors, one for each cell */
export function cellsOf(scene, random) {
  return places.map((_, place) => {
    const thing = scene.find((one) => one.place === place);
    const marks = [
      ...shapes.map((shape) => (thing?.shape === shape ? 1 : 0)),
      ...colours.map((colour) => (thing?.colour === colour ? 1 : 0)),
    ];
    const seen = marks.map((mark) => Number((mark + noise * random.normal()).toFixed(2)));
    return [...seen, Math.floor(place / side) / 2, (place % side) / 2];
  });
}

const named = ({ colour, shape }) => `a ${colour} ${shape}`;

/** Everything in a scene, in reading order */
export function captionOf(scene) {
  const all = scene.map((thing) => `${named(thing)} ${places[thing.place]}`);
  const last = all.pop();
  return all.length > 0 ? `${all.join(', ')} and ${last}` : last;
}

const yesOrNo = (isSo) => (isSo ? 'yes' : 'no');

/** The things in a scene whose shape no other thing in it has */
const singles = (scene) =>
  scene.filter(({ shape }) => scene.filter((other) => other.shape === shape).length === 1);

/** Kinds of questions. Each gives a question and its answer, or nothing if it cannot be asked about the scene. */
const kinds = [
  function whatIsThere(scene, random) {
    const isTaken = random.uniform() < 0.7;
    const place = isTaken ? oneOf(random, scene).place : below(random, places.length);
    const thing = scene.find((one) => one.place === place);
    return [`what is ${places[place]}?`, thing ? named(thing) : 'nothing'];
  },
  function whereIsIt(scene, random) {
    const thing = oneOf(random, singles(scene));
    return thing && [`where is the ${thing.shape}?`, places[thing.place]];
  },
  function whatColour(scene, random) {
    const thing = oneOf(random, singles(scene));
    return thing && [`what colour is the ${thing.shape}?`, thing.colour];
  },
  function whatShape(scene, random) {
    const alone = scene.filter(
      ({ colour }) => scene.filter((other) => other.colour === colour).length === 1,
    );
    const thing = oneOf(random, alone);
    return thing && [`what is ${thing.colour}?`, `a ${thing.shape}`];
  },
  function howMany(scene, random) {
    const isOfShape = random.uniform() < 0.5;
    const kind = oneOf(random, isOfShape ? shapes : colours);
    const count = scene.filter(({ shape, colour }) => shape === kind || colour === kind).length;
    return [`how many ${isOfShape ? `${kind}s` : `${kind} things`} are there?`, `${count}`];
  },
  function isThere(scene, random) {
    const thing =
      random.uniform() < 0.5
        ? oneOf(random, scene)
        : { shape: oneOf(random, shapes), colour: oneOf(random, colours) };
    const isIt = ({ shape, colour }) => shape === thing.shape && colour === thing.colour;
    return [`is there ${named(thing)}?`, yesOrNo(scene.some(isIt))];
  },
  function isBeside(scene, random) {
    const known = singles(scene);
    const one = oneOf(random, known);
    const other = oneOf(
      random,
      known.filter((thing) => thing !== one),
    );
    if (!other) return undefined;
    const [rows, columns] = [
      Math.floor(one.place / side) - Math.floor(other.place / side),
      (one.place % side) - (other.place % side),
    ];
    const relations = { above: -rows, below: rows, 'left of': -columns, 'right of': columns };
    const [relation, distance] = oneOf(random, Object.entries(relations));
    return [`is the ${one.shape} ${relation} the ${other.shape}?`, yesOrNo(distance > 0)];
  },
];

/**
 * Different questions about a scene, with their answers
 * @returns {[question: string, answer: string][]}
 */
export function questionsAbout(scene, random, count) {
  const asked = new Map();
  while (asked.size < count) {
    const found = oneOf(random, kinds)(scene, random);
    if (found) asked.set(...found);
  }
  return [...asked];
}

/** @type {Record<string, (scene: Thing[], random: Random, each: number) => object[]>} */
const tasks = {
  captions: (scene, random) => [{ cells: cellsOf(scene, random), target: captionOf(scene) }],
  questions(scene, random, each) {
    const cells = cellsOf(scene, random);
    return questionsAbout(scene, random, each).map(([source, target]) => ({
      ...{ cells, source, target },
    }));
  },
};

/**
 * Yields the records of each scene together, so that whoever divides them can keep them together.
 * @param {keyof typeof tasks} task
 * @param {{ scenes: number, each: number, seed: number }} options
 */
export function* sceneRecords(task, { scenes, each, seed }) {
  const [drawing, seeing] = [new Random(seed), new Random(seed, 1)];
  for (const scene of drawScenes(drawing, scenes)) yield tasks[task](scene, seeing, each);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scenes: { type: 'string', default: '10000' },
      each: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
    },
  });
  const [task] = positionals;
  if (!Object.hasOwn(tasks, task ?? '')) {
    console.error(`name a task: ${Object.keys(tasks).join(', ')}`);
    process.exit(2);
  }
  const number = (name, least, most) => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    console.error(`--${name} must be an integer from ${least} to ${most}, not ${values[name]}`);
    process.exit(2);
  };
  const options = {
    scenes: number('scenes', 1, 1_000_000),
    each: number('each', 1, 10),
    seed: number('seed', 0, Number.MAX_SAFE_INTEGER),
  };
  // a reader that has enough, such as head, is no error
  process.stdout.on('error', () => process.exit());
  for (const records of sceneRecords(task, options)) {
    process.stdout.write(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
}
