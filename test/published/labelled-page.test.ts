/** Labels and vectors of a page's model, with the code of the page, in Node.js: it does what the command line does. */
import { beforeAll, expect, test } from 'vitest';
import { readAnyModel } from '#charnn/checkpoint/model-file.js';
import type { PageLine } from '#charnn/pages/model-page.js';
import { Folder } from '../commands/run.js';
import { kinds, labelledPairs, labelledTexts, moods, names } from '../labelled-models.js';
import { answers, first, opened } from './opened-page.js';

const folder = new Folder();

beforeAll(async () => {
  await labelledTexts(folder, '--counts', '3');
  await labelledPairs(folder);
});

test('a text is that of charnn sample with the labels, whichever were chosen before', async () => {
  const { page, replies } = await opened(
    await readAnyModel(`${folder.path}/texts.json`),
    true,
    [0, 0],
  );
  const chosen = [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
    [0, 0],
  ];
  const texts: string[] = [];
  for (const [id, labels] of chosen.entries()) {
    const settings = { ...first, prompt: 'me', seed: 3, labels };
    await page.take({ kind: 'write', id, settings });
    const values = [kinds[labels[0]], moods[labels[1]]];
    const { stdout } = await folder.run([
      ...[
        'sample',
        '-m',
        'texts.json',
        '--backend',
        'wasm',
        '--seed',
        '3',
        '-p',
        'me',
        '-l',
        '200',
      ],
      ...names.flatMap((name, c) => ['--label', `${name}=${values[c]}`]),
    ]);
    texts.push(answers(replies, id).text);
    expect(`me${texts[id]}`).toBe(stdout);
  }
  expect(texts[4]).toBe(texts[0]);
  expect(new Set(texts).size).toBe(4);
});

test('lines are converted with their vectors and the labels as charnn convert does it', async () => {
  const { page, replies } = await opened(await readAnyModel(`${folder.path}/pairs.json`));
  const lines: PageLine[] = [
    { text: 'abcd', vectors: '1 0' },
    { text: 'abcd', vectors: '' },
    { text: 'ba', vectors: '[[1, 0], [0.5, -2]]' },
    { text: '', vectors: '0,1' },
  ];
  for (const [id, kind] of kinds.entries()) {
    await page.take({ kind: 'convert', id, lines, labels: [id] });
    const objects = lines.map(({ text: source, vectors }) =>
      JSON.stringify({
        source,
        kind,
        how: vectors.startsWith('[') ? JSON.parse(vectors) : vectors,
      }),
    );
    const { stdout } = await folder.run(
      ['convert', '-m', 'pairs.json', '--backend', 'wasm'],
      `${objects.join('\n')}\n`,
    );
    const answer = replies.find((reply) => reply.kind === 'converted' && reply.id === id);
    const converted = answer?.kind === 'converted' ? answer.lines : [];
    expect(converted.map(({ text }) => text)).toEqual(stdout.split('\n').slice(0, lines.length));
  }
});

test('vectors that are none are refused by the number of their line', async () => {
  const { page, replies } = await opened(await readAnyModel(`${folder.path}/pairs.json`));
  const wrong = [
    ['1 x', /^line 2: "1 x" is not a vector/],
    ['1 2 3', /^line 2 has a vector of 3 numbers, but others have 2/],
    ['[[[1]]]', /^line 2: .* is not a vector/],
  ] as const;
  for (const [id, [vectors, message]] of wrong.entries()) {
    const lines = [
      { text: 'a', vectors: '1 0' },
      { text: 'b', vectors },
    ];
    await page.take({ kind: 'convert', id, lines, labels: [0] });
    expect(replies.at(-1)).toMatchObject({
      kind: 'failed',
      id,
      message: expect.stringMatching(message),
    });
  }
});
