/** The model of a page, with the kernels and the code of the page, in Node.js: it writes what `charnn sample` writes. */
import { describe, expect, test } from 'vitest';
import { openDevice } from '#charnn/backend/open-device.js';
import { libraryText } from '#charnn/cells/cell-library.js';
import { readAnyModel, readModel } from '#charnn/checkpoint/model-file.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import type { Model } from '#charnn/model/model-data.js';
import type { PageLine, PageSettings, TextPiece } from '#charnn/pages/model-page.js';
import { sampleText } from '#charnn/sample/sample-text.js';
import { prepareText } from '#charnn/text/decode.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { Folder, verses } from '../commands/run.js';
import { buildModel } from '../small-model.js';
import { answers, first, opened } from './opened-page.js';

const symbols = 'abcdefghijklmnopqrstuvwxyz ,.\n';
/** What a page writes with some settings. */
async function written(model: Model, settings: Partial<PageSettings>, withCounts = true) {
  const { page, replies } = await opened(model, withCounts, settings.labels);
  await page.take({ kind: 'write', id: 1, settings: { ...first, ...settings } });
  return answers(replies, 1);
}

/** A line without vectors */
function plain(text: string): PageLine {
  return { text, vectors: '' };
}

function bitsOf(pieces: readonly TextPiece[]): number[] {
  return pieces.flatMap(({ bits }) => Array.from(bits));
}

const shapes: readonly (readonly [string, Partial<Parameters<typeof buildModel>[0]>])[] = [
  ['rnn', { cell: 'rnn' }],
  ['lstm of two layers', { layers: 2, hidden: 20 }],
  ['gru without embedding', { cell: 'gru', embedding: 0 }],
  ['residual, normalised lstm', { layers: 3, residual: true, layerNorm: true }],
  ['equations', { cell: 'mgu', equations: libraryText('mgu'), layers: 2 }],
];

describe.each(shapes)('%s', (_, shape) => {
  const model = buildModel({ symbols, scale: 3, ...shape });

  test.each([
    ['no prompt', {}],
    ['a prompt', { prompt: 'call me', seed: 7, temperature: 0.7 }],
    ['a prompt of one character', { prompt: 'q', length: 90 }],
    ['a stop sequence', { prompt: 'it was ', stop: 'e', seed: 3 }],
    ['temperature 0', { prompt: 'the', temperature: 0 }],
  ])('writes what sample writes: %s', async (_, given: Partial<PageSettings>) => {
    const { text, done } = await written(model, given);
    const { prompt, temperature, length, seed, stop } = { ...first, ...given };
    const device = await openDevice('wasm');
    const options = { prompt, temp: temperature, length, seed };
    expect(text).toBe(
      await sampleText(model, device, { ...options, ...(stop !== '' && { stop: [stop] }) }),
    );
    device.close();
    expect(done).toMatchObject([{ stopped: false }]);
  });
});

test('the surprise of each character is its loss', async () => {
  const model = buildModel({ symbols, scale: 3, layers: 2 });
  const { prompt, pieces, text } = await written(model, { prompt: 'a whale, ' });
  const bits = [...bitsOf([prompt.piece]), ...bitsOf(pieces)];
  expect(bits[0]).toBeNaN();
  const { ids } = model.vocabulary.encode(`a whale, ${text}`);
  expect(bits).toHaveLength(ids.length);
  const device = await openDevice('reference');
  const { bitsPerCharacter, characters } = await evaluate(model, device, ids);
  device.close();
  const sum = bits.slice(1).reduce((a, b) => a + b, 0);
  expect(sum / characters).toBeCloseTo(bitsPerCharacter, 4);
});

test('the likeliest characters are in order, and their probabilities those of the surprise', async () => {
  const { pieces } = await written(buildModel({ symbols, scale: 4 }), { temperature: 0 });
  for (const { texts, bits, ids, probabilities } of pieces) {
    texts.forEach((text, i) => {
      const own = Array.from(probabilities.subarray(5 * i, 5 * i + 5));
      expect(own).toEqual([...own].sort((a, b) => b - a));
      // at temperature 0 the character is the likeliest
      expect(symbols.includes(text)).toBe(true);
      expect(own[0]).toBeCloseTo(2 ** -bits[i], 5);
      expect(new Set(ids.subarray(5 * i, 5 * i + 5)).size).toBe(5);
    });
  }
});

test('what prompts have in common is read once, and the text is as if it had been read anew', async () => {
  const model = buildModel({ symbols, scale: 3 });
  const { page, replies } = await opened(model);
  const prompts = ['the wh', 'the whale', 'the white', 'the', 'the whale', '', 'x', 'x?é', 'x?è!'];
  for (const [id, prompt] of prompts.entries()) {
    await page.take({ kind: 'write', id, settings: { ...first, prompt, length: 60 } });
    const fresh = await written(model, { prompt, length: 60 });
    const again = answers(replies, id);
    expect(again.text).toBe(fresh.text);
    expect(again.prompt.piece).toEqual(fresh.prompt.piece);
    expect(again.prompt.piece.texts.join('')).toBe(prompt);
    expect(again.prompt.unknown).toBe(
      Array.from(prompt).filter((c) => !symbols.includes(c)).length,
    );
  }
});

test('a new request ends the one before', async () => {
  const { page, replies } = await opened(buildModel({ symbols, hidden: 64, layers: 2 }));
  const settings = { ...first, length: 100_000 };
  const long = page.take({ kind: 'write', id: 1, settings });
  const second = page.take({ kind: 'write', id: 2, settings: { ...first, length: 50 } });
  await Promise.all([long, second]);
  expect(answers(replies, 1).done).toMatchObject([{ stopped: true }]);
  expect(answers(replies, 2).text).toHaveLength(50);
  const third = page.take({ kind: 'write', id: 3, settings });
  await page.take({ kind: 'stop' });
  await third;
  expect(answers(replies, 3).done).toMatchObject([{ stopped: true }]);
});

test('wrong escapes and models of the other kind are answered in words', async () => {
  const { page, replies } = await opened(buildModel({ symbols }));
  await page.take({ kind: 'write', id: 1, settings: { ...first, stop: '\\q' } });
  await page.take({ kind: 'convert', id: 2, lines: [plain('a')], labels: [] });
  expect(replies.slice(1)).toMatchObject([
    { kind: 'failed', id: 1, message: expect.stringMatching(/^stop has an unknown escape/) },
    { kind: 'failed', id: 2, message: 'a model of texts does not convert lines' },
  ]);
});

describe('a model that was trained', () => {
  const folder = new Folder();

  test('with counts, the page has both or the network alone', async () => {
    await folder.train(verses(6000), '--counts', '4', '--output', 'counted.json', '-q');
    const model = await readModel(`${folder.path}/counted.json`);
    expect(model.counts).toBeDefined();
    for (const share of ['1', '0']) {
      const given = [
        '--backend',
        'wasm',
        '--seed',
        '5',
        '-p',
        '12 green',
        '--counts-weight',
        share,
      ];
      const { stdout } = await folder.run(['sample', '-m', 'counted.json', ...given]);
      const { text } = await written(
        model,
        { prompt: '12 green', seed: 5, length: 500 },
        share === '1',
      );
      expect(`12 green${text}`).toBe(stdout);
    }
  });

  test('of documents, it begins as they begin', async () => {
    await folder.train(
      verses(6000),
      '--documents',
      '--separator',
      '\\n',
      '-o',
      'documents.json',
      '-q',
    );
    const model = await readModel(`${folder.path}/documents.json`);
    const { stdout } = await folder.run([
      'sample',
      '-m',
      'documents.json',
      '--backend',
      'wasm',
      '--seed',
      '5',
    ]);
    expect((await written(model, { seed: 5, length: 500 })).text).toBe(stdout);
  });

  test('of bytes, whose characters are whole again', async () => {
    const text = 'Ein süßer Käse für Änne.\n'.repeat(80);
    await folder.train(
      text,
      '--unit',
      'byte',
      '--steps',
      '150',
      '-o',
      'bytes.json',
      '--counts',
      '0',
      '-q',
    );
    const model = await readModel(`${folder.path}/bytes.json`);
    const given = ['--backend', 'wasm', '--seed', '2', '-p', 'süß', '-l', '300'];
    const { stdoutBytes } = await folder.run(['sample', '-m', 'bytes.json', ...given]);
    const { prompt, text: drawn } = await written(model, { prompt: 'süß', seed: 2, length: 300 });
    const typed = prompt.piece.texts.join('');
    expect(typed).toBe('süß');
    expect(prompt.piece.bits).toHaveLength(5);
    // the last character may be cut off
    expect(stdoutBytes.toString('utf8').startsWith(typed + drawn)).toBe(true);
    expect(drawn).toMatch(/[äöüß]/);
  });

  test('of pairs, it converts as charnn convert does', async () => {
    const pairs = verses(2000).replace(
      /^(\d+) (\w+).*$/gm,
      (_, n, word) => `${n}${word}\t${word}${n}`,
    );
    folder.write('pairs.tsv', pairs);
    const sizes = ['--hidden', '8', '--embedding', '4', '--steps', '60', '--threads', '1'];
    await folder.run(['train', '--pairs', 'pairs.tsv', ...sizes, '-o', 'pairs.json', '-q']);
    const model = await readAnyModel(`${folder.path}/pairs.json`);
    const { page, replies } = await opened(model);
    const lines = ['1green', '27green', 'x', 'ñ', `${'9'.repeat(300)}`];
    await page.take({ kind: 'convert', id: 1, lines: lines.map(plain), labels: [] });
    const { stdout } = await folder.run(
      ['convert', '-m', 'pairs.json', '--backend', 'wasm'],
      lines.join('\n'),
    );
    const [answer] = replies.filter(({ kind }) => kind === 'converted');
    const converted = answer?.kind === 'converted' ? answer.lines : [];
    expect(converted.map(({ text }) => text)).toEqual(stdout.split('\n').slice(0, lines.length));
    expect(converted.map(({ unknown }) => unknown > 0)).toEqual([false, false, true, true, false]);
  });
});

test('typed text is read by the rules of the model', async () => {
  const vocabulary = Vocabulary.of(
    'char',
    Array.from('aé\n', (c) => c.codePointAt(0) as number),
  );
  const model: Model = {
    ...buildModel({ symbols: 'aé\n' }),
    vocabulary,
    text: { unit: 'char', normalize: 'nfc', keepCr: false },
  };
  const typed = 'ae\u0301\r\n';
  const { prompt } = await written(model, { prompt: typed, length: 5 });
  expect(prompt.piece.texts.join('')).toBe(prepareText(typed, model.text));
  expect(prompt.unknown).toBe(0);
});
