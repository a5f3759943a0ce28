/** What characters that a model does not know cost, the same wherever a text is measured. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { Folder, small, verses } from '../run.js';

const folder = new Folder();
const chinese = '天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜';
const prose = Array.from({ length: 400 }, (_, i) => {
  const from = (i * 7) % 30;
  return `${chinese.slice(from, from + 4 + (i % 9))}。\n`;
}).join('');

beforeAll(async () => {
  folder.write('log.txt', verses(4000));
  folder.write('zh.txt', prose);
  const options = [...small, '--steps', '80'];
  await folder.run(['train', 'log.txt', '-o', 'log.json', ...options, '-q']);
  await folder.run(['train', 'zh.txt', '-o', 'zh.json', ...options, '-q']);
});

/** Bits that an unknown character of a model costs beyond the unknown symbol */
function bitsEach(model: string): number {
  return Math.log2(1_114_112 - 2_048 - folder.json(model).vocabulary.symbols.length);
}

describe('the unknown symbol', () => {
  test('stands for every scalar value, or byte, that the vocabulary has not', () => {
    const cost = (unit: 'char' | 'byte', symbols: number[]) =>
      Vocabulary.of(unit, symbols).unknownCost;
    expect(cost('char', [97, 98])).toBeCloseTo(Math.log(1_112_062), 12);
    expect(cost('byte', [97, 98])).toBeCloseTo(Math.log(254), 12);
    const bytes = Array.from({ length: 256 }, (_, i) => i);
    expect(cost('byte', bytes)).toBe(0);
    expect(cost('byte', bytes.slice(1))).toBe(0);
  });

  test('a line of unseen characters is the oddest, and how many there were is said', async () => {
    const odd = 'ÄÖÜ ΩΨΦ ЖШЩЪЫЬ 漢字 ☃';
    for (const options of [[], ['--dynamic']]) {
      const { status, stdout, stderr } = await folder.run(
        ['score', '-m', 'log.json', ...options],
        `${verses(800)}${odd}\n${verses(800)}`,
      );
      expect(status).toBe(0);
      const rows = stdout
        .trimEnd()
        .split('\n')
        .map((row) => row.split('\t'))
        .sort((a, b) => Number(b[0]) - Number(a[0]));
      expect(rows[0][1]).toBe(odd);
      expect(Number(rows[0][0])).toBeGreaterThan(2 * Number(rows[1][0]));
      expect(stderr).toMatch(
        /^15 characters were unknown to the model, each of which costs 20\.1 bits more/,
      );
    }
  });

  test('score by line, by character and in all, and eval, agree on it', async () => {
    const line = 'a ☃ on the ☃';
    const run = async (...args: string[]) => folder.run(args, `\n${line}\n`);
    const evaluated = JSON.parse((await run('eval', '--json', '-m', 'log.json')).stdout);
    expect(evaluated.unknown).toBe(2);
    expect(evaluated.unknownBits).toBeCloseTo(bitsEach('log.json'), 9);
    // without its unknown characters it costs what the symbols cost
    expect(evaluated.bitsPerCharacter * evaluated.characters).toBeGreaterThan(
      2 * evaluated.unknownBits,
    );
    const total = await run('score', '--total', '-m', 'log.json');
    expect(Number(total.stdout)).toBeCloseTo(evaluated.bitsPerCharacter, 5);
    expect(total.stderr).toMatch(/^2 characters were unknown/);
    const byLine = (await run('score', '-m', 'log.json')).stdout.split('\n')[1];
    expect(Number(byLine.split('\t')[0])).toBeCloseTo(evaluated.bitsPerCharacter, 5);
    const perChar = JSON.parse(
      (await run('score', '--per-char', '-m', 'log.json')).stdout.split('\n')[1],
    );
    expect(perChar.bits[2]).toBeGreaterThan(bitsEach('log.json'));
    expect(perChar.bits[3]).toBeLessThan(bitsEach('log.json'));
  });

  test('which: English does not go to the Chinese model, nor Chinese to the English one', async () => {
    const english = [
      'Xylophones quickly jazz up Vivaldi!',
      'bottles on the wall',
      'WHY? Because (Q.E.D.)',
    ];
    const { status, stdout, stderr } = await folder.run(
      ['which', 'zh.json', 'log.json'],
      `${[...english, '天地玄黄宇宙'].join('\n')}\n`,
    );
    expect(status).toBe(0);
    const labels = stdout.trimEnd().split('\n');
    expect(labels.map((row) => row.split('\t')[0])).toEqual(['log', 'log', 'log', 'zh']);
    expect(stderr).toMatch(/^unknown characters: \d+ to zh, \d+ to log\n$/);
    const quiet = await folder.run(['which', '-q', 'zh.json', 'log.json'], 'Q\n');
    expect(quiet.stderr).toBe('');
  });

  test('eval of the validation text agrees with the loss that training reports', async () => {
    const rare = `${verses(3000)}${'ÄÖÜ ☃ quick\n'.repeat(6)}`;
    folder.write('rare.txt', rare);
    folder.write('train.txt', verses(3000));
    for (const options of [['--dynamic'], []]) {
      const { stdout } = await folder.run([
        ...['train', 'train.txt', '--val-file', 'rare.txt', '-o', 'rare.json', '-f', '--json'],
        ...small,
      ]);
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((row) => JSON.parse(row));
      const validation = events.find(({ type, best }) => type === 'validation' && best);
      const baseline = events.find(({ type }) => type === 'baseline');
      const args = ['eval', '--json', '-m', 'rare.json', 'rare.txt'];
      const evaluated = JSON.parse((await folder.run([...args, ...options])).stdout);
      expect(evaluated.unknown).toBeGreaterThanOrEqual(24);
      if (options.length > 0) {
        expect(evaluated.bitsPerCharacter * evaluated.characters).toBeGreaterThan(
          evaluated.unknown * evaluated.unknownBits,
        );
        continue;
      }
      expect(evaluated.loss).toBeCloseTo(validation.validationLoss, 4);
      // models without a network pay it as well
      const least = (evaluated.unknown * evaluated.unknownBits) / (evaluated.characters + 1);
      expect(
        Math.min(baseline.ngramBitsPerCharacter, baseline.gzipBitsPerCharacter),
      ).toBeGreaterThan(least);
    }
  });
});
