/** Command lines that nobody meant, and the files they find: what `command-lines.mjs` runs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { flagsOf } from '#charnn/cli/option.js';
import { commandsFor } from '#charnn/commands/registry.js';

export const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));

const text = Array.from(
  { length: 20 },
  (_, i) => `${i} green bottles hanging on the wall, and if ${i % 7} should fall.\n`,
).join('');

const tiny = [
  ...['--hidden', '8', '--layers', '1', '--embedding', '4', '--batch-size', '2'],
  ...['--seq-length', '8', '--steps', '4', '--threads', '1'],
];

/** Everything a line may come upon: texts, models, states, pages and logs, whole and broken. */
export function makeFiles(folder) {
  mkdirSync(join(folder, 'folder'), { recursive: true });
  mkdirSync(join(folder, 'empty folder'));
  const write = (name, content) => writeFileSync(join(folder, name), content);
  const read = (name) => readFileSync(join(folder, name));
  const charnn = (...args) =>
    execFileSync(process.execPath, [binary, ...args], { cwd: folder, stdio: 'pipe' });

  for (const name of texts) write(name, text);
  write('folder/more.txt', text.toUpperCase());
  write('empty.txt', '');
  write(
    'binary.bin',
    Uint8Array.from({ length: 3000 }, (_, i) => (i * i * 7) % 256),
  );
  write('latin1.txt', Buffer.from('déjà vu, '.repeat(50), 'latin1'));
  write('log.jsonl', charnn('train', 'text.txt', ...tiny, '--json'));
  charnn('train', 'text.txt', ...tiny, '--quiet', '-o', 'model.json', '--seed', '2');
  charnn('train', 'text.txt', ...tiny, '--quiet', '-o', 'bytes.json', '--unit', 'byte');
  charnn('train', 'text.txt', ...tiny, '--quiet', '-o', 'counts.json', '--counts', '3');
  charnn('train', 'text.txt', ...tiny, '--quiet', '-o', 'cell.json', '--cell', 'mgu');
  write('pairs.tsv', 'ab\tba\ncd\tdc\nno tab here\nef\tfe\nabc\tcba\n'.repeat(5));
  const pairs = ['--pairs', '--hidden', '8', '--batch-size', '2', '--steps', '4', '--threads', '1'];
  charnn('train', 'pairs.tsv', ...pairs, '--quiet', '-o', 'pairs.json');
  write('own.cell', "h' = h + tanh(W x)\n");
  write('wrong.cell', "h' = h +\n");
  write('text.cz', charnn('compress', 'text.txt', '-m', 'bytes.json', '--quiet'));
  const model = read('model.json');
  write('cut.json', model.subarray(0, model.length / 2));
  write('flipped.json', model.toString().replace('"step":4', '"step":3'));
  write('deep.json', `{"format":"charnn","version":2,"x":${'['.repeat(100_000)}`);
  write('page.html', '<p>somebody wrote this</p>');
  symlinkSync('text.txt', join(folder, 'link.txt'));
  symlinkSync('model.json', join(folder, 'link.json'));
  symlinkSync('gone.json', join(folder, 'dangling.json'));
  symlinkSync('loop', join(folder, 'loop'));
}

const texts = [
  'text.txt',
  'a b.txt',
  'quo"te\'s.txt',
  'new\nline.txt',
  'ünï 한국.txt',
  '-dash.txt',
];
const models = [
  ...['model.json', 'bytes.json', 'charnn.json', 'link.json'],
  ...['counts.json', 'cell.json', 'pairs.json'],
];
const wrong = [
  ...['cut.json', 'flipped.json', 'deep.json', 'model.state.json', 'empty.txt', 'latin1.txt'],
  ...['binary.bin', 'empty folder', 'loop', 'dangling.json', 'missing', 'text.txt/x', '', '-'],
  ...['/dev/null', 'log.jsonl', 'page.html', `${'x'.repeat(300)}`, '.', 'folder', 'text.cz'],
  ...['pairs.tsv', 'own.cell', 'wrong.cell'],
];
const outputs = [
  ...['new.json', 'a new "one".json', 'new.html', 'neu ü\n.html', 'model.json', 'page.html'],
  ...['text.txt', 'folder', 'folder/new.json', 'missing/new.json', 'link.json', 'log.jsonl'],
];

/** Nothing that is large enough to be meant and to take an hour, or a gigabyte. */
const values = [
  ...['0', '1', '2', '3', '8', '0.1', '0.5', '0.95', '1.5', '-1', '+2', '1e1', '0x10', '1e999'],
  ...['lstm', 'gru,mgu', 'indrnn', 'own.cell', 'wrong.cell', 'auto'],
  ...['NaN', 'Infinity', '1000000000', '9007199254740991', '9007199254740993', '1e-300', '1e308'],
  ...[
    '90s',
    '2s',
    'latin1',
    'utf-16le',
    '1h30m',
    '1min',
    '0.5,1',
    '1,',
    '0:1,0:2',
    '7:7',
    'all',
    'a-z',
    '\\p{L}',
    '[',
    '(a|b)*',
  ],
  ...[
    '.*',
    '',
    ' ',
    '-',
    '--',
    'bottles',
    '\\n',
    '__proto__',
    'constructor',
    '\u202e',
    'a\nb',
    '💡',
  ],
];

const pick = (list) => fc.constantFrom(...list);
const often = (likely, rare) =>
  fc.oneof({ weight: 7, arbitrary: likely }, { weight: 1, arbitrary: rare });

/** No path out of the folder. */
const anything = fc.string({ maxLength: 12 }).map((word) => word.replace(/[/\0.]/g, '_'));
const file = fc.oneof(pick(texts), pick(models), pick(wrong), anything);

function accepts(definition, value) {
  try {
    definition.type.parse(value);
    return true;
  } catch {
    return false;
  }
}

function wordFor(definition) {
  if (/-model|init-from/.test(definition.flags)) return often(pick(models), file);
  if (/output/.test(definition.flags)) return often(pick(outputs), file);
  if (/<(file|corpus)>/.test(definition.flags)) return file;
  const good = [...(definition.type.choices ?? []), ...values].filter((v) =>
    accepts(definition, v),
  );
  return often(pick(good), fc.oneof(pick(values), anything));
}

/** A letter too few, too many, or two of them changed over. */
function misspelt(flag) {
  return fc.tuple(fc.nat(flag.length - 1), fc.nat(2)).map(([at, how]) => {
    const letters = [...flag];
    letters.splice(at, how, ...letters.slice(at, at + how).reverse());
    return letters.join('') === flag ? `${flag}e` : letters.join('');
  });
}

function option(definition) {
  const names = definition.flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));
  const name = fc.nat(19).chain((luck) => (luck > 0 ? pick(names) : misspelt(names.at(-1))));
  if (definition.argument === undefined) return name.map((flag) => [flag]);
  return fc.tuple(name, wordFor(definition), fc.nat(9)).map(([flag, value, form]) => {
    if (form === 0) return [flag];
    if (form > 3) return [flag, value];
    return [flag.startsWith('--') ? `${flag}=${value}` : `${flag}${value}`];
  });
}

const commands = await commandsFor(undefined);
const names = commands.map(({ name }) => name);
const definitions = (name) =>
  Object.entries(commands.find((command) => command.name === name).options).map(([key, row]) => ({
    ...row,
    flags: flagsOf(key, row),
  }));
const every = names.flatMap(definitions);

const argumentsOf = {
  sample: fc.constantFrom('-q', 'model.json'),
  // this takes none
  bench: fc.constant('--json'),
  which: pick(models),
  inspect: pick(models),
  report: pick([...models, 'log.jsonl']),
  decompress: fc.constant('text.cz'),
  cells: pick(['show', 'check', 'nas', 'own.cell', 'wrong.cell']),
};

/** A training that is soon over, mostly one that may be written. */
const endings = [['--force'], ['-o', 'new.json'], ['--force', '-o', 'link.json'], []].map(
  (more) => ['text.txt', ...tiny, ...more],
);

/** Words of one command line, and what its standard input holds: undefined for a closed one. */
function lineOf(name) {
  const own = definitions(name);
  const word = fc.oneof(
    { weight: 12, arbitrary: pick(own).chain(option) },
    { weight: 5, arbitrary: often(argumentsOf[name] ?? pick(texts), file).map((word) => [word]) },
    { weight: 1, arbitrary: pick(every).chain(option) },
    {
      weight: 1,
      arbitrary: pick(['--', '--help', '-h', '--version', '-qf', '--=', '---']).map((w) => [w]),
    },
    { weight: 1, arbitrary: anything.map((word) => [word]) },
  );
  // so that most lines come to do something
  const start = often(
    name === 'novelty' ? fc.constant(['text.txt', '--corpus', 'folder']) : fc.constant([]),
    fc.constant([]),
  );
  const end = name === 'train' ? often(pick(endings), fc.constant([])) : fc.constant([]);
  return fc
    .tuple(start, fc.array(word, { maxLength: 6 }), end)
    .map((parts) => [name, ...parts.flat(2)]);
}

const line = fc.oneof(
  ...names.map((name) => ({
    weight: name === 'train' || name === 'sample' ? 6 : 2,
    arbitrary: lineOf(name),
  })),
  { weight: 1, arbitrary: fc.array(fc.oneof(anything, file, pick(values)), { maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: pick(names)
      .chain(misspelt)
      .map((name) => [name]),
  },
);

const input = fc.oneof(
  fc.constantFrom('', 'a few bytes', text),
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

/** The case of this number: the same as long as the options and this file are. */
export function caseOf(seed) {
  const [[words, stdin]] = fc.sample(fc.tuple(line, input), { seed, numRuns: 1 });
  // no argument of a process can hold a NUL
  return { words: words.map((word) => word.replaceAll('\0', '')), stdin };
}
