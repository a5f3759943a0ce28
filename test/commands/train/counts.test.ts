/** `charnn train --counts` from outside, and what the commands make of such a model. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, finished, verses } from '../run.js';

const text = verses(12_000);
const shape = [
  ...['--hidden', '16', '--layers', '1', '--embedding', '8', '--batch-size', '4'],
  ...['--seq-length', '16', '--threads', '1'],
];
const training = [...shape, '--steps', '40', '--eval-every', '20'];

const shared = new Folder();
let stderr = '';

beforeAll(async () => {
  shared.write('text.txt', text);
  ({ stderr } = await shared.run(['train', 'text.txt', ...training, '-o', 'counted.json']));
  // the validation text
  shared.write('end.txt', text.slice(text.length - Math.round(text.length * 0.1)));
  const model = shared.json('counted.json');
  shared.write('bare.json', JSON.stringify(withoutCounts(model)));
}, 120_000);

/** The network alone, as a file without a hash */
function withoutCounts({ counts: _, sha256: __, ...model }: ReturnType<Folder['json']>) {
  const tensors = model.tensors.filter(({ name }: { name: string }) => name !== 'counts');
  return { ...model, version: 1, tensors };
}

async function lossOf(...args: string[]): Promise<number> {
  const { stdout } = await shared.run(['eval', 'end.txt', '--json', ...args]);
  return JSON.parse(stdout).loss;
}

test('the choice, its order and its weights are said', async () => {
  expect(stderr).toMatch(
    /mixing n-gram counts, with contexts of up to 5 characters, .*; --counts 0 turns this off\n/,
  );
  const { stdout } = await shared.run(['inspect', 'counted.json']);
  const shown = (length: number) =>
    stdout
      .match(new RegExp(`^ +${length} +([\\d.]+), ([\\d.]+)$`, 'm'))
      ?.slice(1)
      .join(' and ');
  expect(stderr).toContain(
    `weights of the network and of the n-gram counts: ${shown(5)} after a known context of 5 characters, ${shown(1)} after a known context of 1 character`,
  );
});

test('a text is too short to be counted by default where no weights can be fitted', async () => {
  const folder = new Folder();
  await folder.train(verses(5000), '-q');
  expect(folder.json('charnn.json').counts).toBeUndefined();
  await folder.train(verses(6000), '--force', '-q');
  expect(folder.json('charnn.json').counts).toBeDefined();
});

test('the loss with counts stands beside the network’s, lower, at validations and at the end', async () => {
  const { history, counts, version } = shared.json('counted.json');
  expect(version).toBe(4);
  expect(counts.context).toBe(5);
  const { validationLoss, mixtureLoss } = history.at(-1);
  expect(mixtureLoss).toBeLessThan(validationLoss - 0.5);
  expect(stderr).toContain(`with counts ${(mixtureLoss / Math.LN2).toFixed(3)}`);
  expect(stderr).toMatch(
    /validation [\d.]+ bits\/char; together with its counts [\d.]+ bits\/char/,
  );
  // eval measures the same, on one text as on the other
  expect(await lossOf('-m', 'counted.json')).toBeCloseTo(mixtureLoss, 6);
  expect(await lossOf('-m', 'counted.json', '--counts-weight', '0')).toBeCloseTo(validationLoss, 6);
});

describe('without their weight everything is as the network alone has it', () => {
  const lines = text.split('\n').slice(3, 12).join('\n');
  test.each([
    [['sample', '--seed', '4', '-l', '200']],
    [['sample', '--seed', '4', '-n', '3', '--temp', '0.7', '--top-p', '0.9', '-p', '7 gr']],
    [['sample', '--beam', '3', '-l', '30', '-p', '7 ']],
    [['sample', '--seed', '2', '-l', '40', '--match', '[0-9]+ [a-z ]+']],
    [['score', '--per-char']],
    [['score', '--dynamic']],
    [['eval', '-', '--json']],
  ])('%j', async (args) => {
    const run = (model: string, ...more: string[]) =>
      shared.run(
        [args[0], '-m', model, ...args.slice(1), ...more],
        args[0] === 'sample' ? undefined : lines,
      );
    const [pure, none, counted] = await Promise.all([
      run('bare.json'),
      run('counted.json', '--counts-weight', '0'),
      run('counted.json'),
    ]);
    expect(pure.status, pure.stderr).toBe(0);
    expect(none.stdout).toBe(pure.stdout);
    expect(counted.stdout).not.toBe(pure.stdout);
  });
});

test('records depend neither on threads nor on what is drawn beside them', async () => {
  const draw = (...args: string[]) =>
    shared.run(['sample', '-m', 'counted.json', '--seed', '6', '-l', '80', '--null', ...args]);
  const [one, two, few] = await Promise.all([
    draw('-n', '40', '--threads', '1', '-p', '3 green'),
    draw('-n', '40', '--threads', '2', '-p', '3 green'),
    draw('-n', '2', '-p', '3 green'),
  ]);
  expect(two.stdout).toBe(one.stdout);
  expect(one.stdout.startsWith(few.stdout)).toBe(true);
  expect(one.stdout.split('\0')[0]).toMatch(/^3 green/);
});

test('with counts a hardly trained network writes what looks like the text', async () => {
  const { stdout } = await shared.run(['sample', '-m', 'counted.json', '--seed', '1', '-l', '400']);
  const words = stdout.match(/bottles|hanging|should|green/g) ?? [];
  expect(words.length).toBeGreaterThan(5);
  const score = async (model: string) => {
    const { stdout } = await shared.run(
      ['which', 'bare.json', 'counted.json'],
      '77 green bottles hanging on the wall, and if 0 should fall.\n',
    );
    return stdout.startsWith(model);
  };
  expect(await score('counted')).toBe(true);
});

test('inspect says what is counted and how it is mixed', async () => {
  const { stdout } = await shared.run(['inspect', 'counted.json']);
  expect(stdout).toMatch(/contexts +up to 5 characters/);
  expect(stdout).toMatch(/n-grams +[\d,]+/);
  const json = JSON.parse((await shared.run(['inspect', 'counted.json', '--json'])).stdout);
  expect(json.counts).toMatchObject({ context: 5, cutoff: 0 });
  expect(json.counts.weights).toHaveLength(6);
  const bare = await shared.run(['inspect', 'bare.json']);
  expect(bare.stdout).not.toContain('n-grams');
});

describe('the same bytes', () => {
  test('for the same command, whether counts are asked for or picked', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    await folder.run(['train', 'text.txt', ...training, '--counts', 'auto', '-q']);
    expect(folder.read('charnn.json').equals(shared.read('counted.json'))).toBe(true);
  });

  test('without counts as if there were none', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    await folder.run(['train', 'text.txt', ...training, '-o', 'b.json', '--counts', '0', '-q']);
    const { counts, version, training: recorded } = folder.json('b.json');
    expect([counts, version, recorded.counts]).toEqual([undefined, 3, undefined]);
  });

  test('whether killed and resumed or never disturbed, also from a given model', async () => {
    const [calm, killed] = [new Folder(), new Folder()];
    const long = [
      ...['--init-from', 'given.json', '--batch-size', '4', '--seq-length', '16'],
      ...['--steps', '300', '--eval-every', '30', '--threads', '2'],
    ];
    for (const folder of [calm, killed]) {
      folder.write('given.json', shared.read('counted.json'));
      folder.write('text.txt', verses(9000).replaceAll('green', 'blue'));
    }
    const outcome = await calm.run(['train', 'text.txt', ...long]);
    expect(outcome.status, outcome.stderr).toBe(0);
    const child = killed.start(['train', 'text.txt', ...long]);
    const ended = finished(child);
    while (!existsSync(join(killed.path, 'charnn.state.json'))) await setTimeout(5);
    child.kill('SIGKILL');
    await ended;
    expect(killed.json('charnn.state.json').version).toBe(5);
    const resumed = await killed.run(['train', '--resume']);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(killed.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
  });
});

test('--init-from keeps the counts of the given model and adds the new text’s', async () => {
  const folder = new Folder();
  folder.write('given.json', shared.read('counted.json'));
  folder.write('text.txt', verses(6000).replaceAll('green', 'blue'));
  const from = ['--init-from', 'given.json', '--batch-size', '4', '--seq-length', '16'];
  const steps = ['--steps', '4', '--threads', '1'];
  await folder.run(['train', 'text.txt', ...from, ...steps, '-q']);
  const total = ({ counts }: { counts: { entries: number[] } }) =>
    counts.entries.reduce((a, b) => a + b);
  expect(total(folder.json('charnn.json'))).toBeGreaterThan(total(shared.json('counted.json')));
  const without = await folder.run([
    ...['train', 'text.txt', ...from, ...steps],
    ...['--counts', '0', '-o', 'without.json'],
  ]);
  expect(without.status, without.stderr).toBe(0);
  expect(folder.json('without.json').counts).toBeUndefined();
  const other = await folder.run([
    ...['train', 'text.txt', ...from, ...steps, '--counts', '3', '-o', 'other.json'],
  ]);
  expect(other.status).toBe(1);
  expect(other.stderr).toMatch(/contexts of 5 characters: give --counts 5, or --counts 0/);
});

test.each([
  ['a text without a validation part', ['--val-frac', '0']],
  ['bytes', ['--unit', 'byte']],
  ['documents', ['--documents']],
  ['kept models', ['--keep', '2']],
  ['a cell of equations', ['--cell', 'mgu']],
])('counts go with %s', async (_, options) => {
  const folder = new Folder();
  folder.write('text.txt', text);
  const command = ['train', 'text.txt', ...training, '--counts', '4', ...options];
  const { status, stderr: said } = await folder.run(command);
  expect(status, said).toBe(0);
  expect(folder.json('charnn.json').counts.context).toBe(4);
  const last = await folder.run(['sample', '--seed', '1', '-l', '50']);
  expect(last.status, last.stderr).toBe(0);
});

test('the latest weights of a training are used with the counts of its best model', async () => {
  const [last, best] = await Promise.all([
    shared.run(['eval', 'end.txt', '-m', 'counted.json', '--last', '--json']),
    shared.run(['eval', 'end.txt', '-m', 'counted.json', '--json']),
  ]);
  // the last validation was the best
  expect(last.stdout).toBe(best.stdout);
});

test('a text of a few characters is counted, too', async () => {
  const folder = new Folder();
  folder.write('text.txt', 'abcab\n');
  const { status, stderr: said } = await folder.run([
    ...['train', 'text.txt', ...shape, '--steps', '3', '--counts', '12'],
  ]);
  expect(status, said).toBe(0);
  expect((await folder.run(['sample', '--seed', '1', '-l', '20'])).status).toBe(0);
});

describe('counts of a file that were changed by hand', () => {
  type Json = ReturnType<Folder['json']>;
  const damages: [string, (model: Json) => void, RegExp][] = [
    ['no bytes', ({ tensors }) => tensors.pop(), /tensors must be \d+, not \d+/],
    [
      'no more contexts than bytes',
      ({ counts }) => {
        counts.contexts[3] = 4_000_000;
      },
      /counts: data is damaged: it is too short/,
    ],
    [
      'too many contexts altogether',
      ({ counts }) => {
        counts.contexts[3] = 4e9;
      },
      /counts: contexts must be/,
    ],
    [
      'bytes that say another thing',
      ({ tensors }) => {
        const { data } = tensors.at(-1);
        const bytes = Buffer.from(data, 'base64');
        for (let i = 50; i < bytes.length; i += 7) bytes[i] = 0xff;
        tensors.at(-1).data = bytes.toString('base64');
      },
      /counts: data is damaged: /,
    ],
    [
      'bytes that are cut off',
      (model) => {
        const blob = model.tensors.at(-1);
        const bytes = Buffer.from(blob.data, 'base64').subarray(0, -9);
        Object.assign(blob, { data: bytes.toString('base64'), shape: [bytes.length] });
      },
      /counts: data is damaged: /,
    ],
    [
      'a discount beyond its count',
      ({ counts }) => {
        counts.discounts[0] = 1.5;
      },
      /counts: discounts\[0\] is out of range: 1\.5/,
    ],
    [
      'weights that are missing',
      ({ counts }) => {
        counts.weights.pop();
      },
      /counts: weights must be \d+ numbers, not \d+/,
    ],
    [
      'a context that is too long',
      ({ counts }) => {
        counts.context = 5000;
      },
      /counts: context must be an integer from 1 to 12/,
    ],
  ];

  test.each(damages)('%s: refused in words', async (_, damage, message) => {
    const folder = new Folder();
    const { sha256: _sha, ...model } = shared.json('counted.json');
    damage(model);
    folder.write('hostile.json', JSON.stringify({ ...model, version: 1 }));
    const { status, stderr: said } = await folder.run(['sample', '-m', 'hostile.json']);
    expect(status).toBe(1);
    expect(said).toMatch(message);
    expect(said).toMatch(/^charnn: [^\n]*\n$/);
  });
});
