/** `charnn score` in pipelines. */
import { beforeAll, expect, test } from 'vitest';
import { Folder, finished, verses } from './run.js';

let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '--steps', '40', '-q');
  model = folder.read('charnn.json');
});

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

/** Lines of every length from 0 to beyond two chunks, several groups of 64 */
const lines = Array.from({ length: 150 }, (_, i) => verses(200).slice(i % 9, (i * 7) % 90)).map(
  (line) => line.replaceAll('\n', ' '),
);

async function scores(folder: Folder, ...args: string[]) {
  const { status, stdout, stderr } = await folder.run(['score', ...args], `${lines.join('\n')}\n`);
  expect([status, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

test('a line is what eval makes of it between two line ends', async () => {
  const folder = withModel();
  const result = await scores(folder);
  expect(result.map(([, line]) => line)).toEqual(lines);
  for (const i of [0, 1, 77, 149]) {
    const { stdout } = await folder.run(['eval', '--json'], `\n${lines[i]}\n`);
    expect(Math.abs(Number(result[i][0]) - JSON.parse(stdout).bitsPerCharacter)).toBeLessThan(1e-6);
  }
});

test('threads, and the lines around it, change no line', async () => {
  const folder = withModel();
  const result = await scores(folder, '--threads', '2');
  expect(await scores(folder, '--threads', '1')).toEqual(result);
  const { stdout } = await folder.run(['score'], `${lines[50]}\n`);
  expect(stdout.trimEnd().split('\t')).toEqual(result[50]);
});

test('JSON has the name of a file as it is, and lines have it as messages show it', async () => {
  const folder = withModel();
  const name = 'odd "name".txt';
  folder.write(name, 'a line\n');
  const { stdout } = await folder.run(['score', name, '--json']);
  expect(JSON.parse(stdout).file).toBe(name);
  const shown = await folder.run(['score', name, '-H']);
  expect(shown.stdout).toContain(`\t${JSON.stringify(name)}\t`);
  const stream = await folder.run(['score', '--json'], 'a line\n');
  expect(JSON.parse(stream.stdout).file).toBe('standard input');
});

test('--total is what eval says of the text', async () => {
  const folder = withModel();
  const text = verses(12_000);
  const { stdout } = await folder.run(['score', '--total'], text);
  const evaluated = await folder.run(['eval', '--json'], text);
  const { bitsPerCharacter } = JSON.parse(evaluated.stdout);
  expect(Math.abs(Number(stdout) - bitsPerCharacter)).toBeLessThan(1e-6);
});

test('--dynamic reads the lines as one text and adapts: the same line costs less and less', async () => {
  const folder = withModel();
  const line = 'zebras quit; foxes jump over waltzing nymphs';
  const repeated = `${line}\n`.repeat(300);
  const score = async (...args: string[]) => {
    // some of its characters are unknown to the model, which is said unless it is to be quiet
    const { status, stdout, stderr } = await folder.run(['score', '-q', ...args], repeated);
    expect([status, stderr]).toEqual([0, '']);
    const rows = stdout.split('\n').slice(0, -1);
    expect(rows.every((row) => row.endsWith(`\t${line}`))).toBe(true);
    return rows.map((row) => Number(row.split('\t')[0]));
  };
  const [still, adapted] = [await score(), await score('--dynamic', '--threads', '2')];
  expect(adapted).toHaveLength(300);
  // nothing has been learned before the first
  expect(Math.abs(adapted[0] - still[0])).toBeLessThan(0.1);
  expect(adapted[299]).toBeLessThan(still[299] - 0.3);
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  expect(mean(adapted.slice(200))).toBeLessThan(mean(adapted.slice(0, 100)));
  // without the line end that the lines begin with: another first character, other chunks
  const { stdout } = await folder.run(['score', '--dynamic', '--total'], repeated);
  expect(Math.abs(Number(stdout) - mean(adapted))).toBeLessThan(0.1);
});

test('--per-char says what each character costs, in JSON', async () => {
  const folder = withModel();
  const plain = await scores(folder);
  const { stdout } = await folder.run(['score', '--per-char'], `${lines.join('\n')}\n`);
  const parsed = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(parsed.map(({ text }) => text)).toEqual(lines);
  for (const [i, { characters, bits, bitsPerCharacter }] of parsed.entries()) {
    expect(characters.join('')).toBe(`${lines[i]}\n`);
    expect(bits).toHaveLength(characters.length);
    const mean = bits.reduce((a: number, b: number) => a + b, 0) / bits.length;
    expect(mean).toBeCloseTo(bitsPerCharacter, 5);
    expect(bitsPerCharacter).toBe(Number(plain[i][0]));
  }
});

test('--threshold keeps the lines that cost as much, in order', async () => {
  const folder = withModel();
  const all = await scores(folder);
  const limit = Number(all.map(([bits]) => bits).sort()[100]);
  const kept = await scores(folder, '--threshold', `${limit}`);
  expect(kept).toEqual(all.filter(([bits]) => Number(bits) >= limit));
  expect(kept.length).toBeLessThan(all.length);
});

test('the odd line is on top when they are sorted', async () => {
  const folder = withModel();
  folder.write('log.txt', `${verses(2000)}QXZ %%% ~~~ <- this is odd\n${verses(2000)}`);
  const { stdout } = await folder.shell('charnn score log.txt | sort -rn | head -n 1');
  expect(stdout).toContain('this is odd');
});

test('bytes that are no text and a missing last line end pass as they are, CR LF becomes LF', async () => {
  const folder = withModel();
  const input = Buffer.from('67ff67 0d0a 0d0a 0a 67'.replaceAll(' ', ''), 'hex');
  const { status, stdoutBytes } = await folder.run(['score'], input);
  expect(status).toBe(0);
  const written = stdoutBytes.toString('latin1').replace(/^[\d.]+\t/gm, '');
  expect(written).toBe(`${input.toString('latin1').replaceAll('\r', '')}\n`);
  const [crLf, alone] = await Promise.all(
    ['green\r\n', 'green\n'].map((text) => folder.run(['score'], text)),
  );
  expect(crLf.stdout.split('\t')[0]).toBe(alone.stdout.split('\t')[0]);
});

test('a line comes out before the next goes in; nothing in, nothing out', async () => {
  const child = withModel().start(['score'], 'pipe');
  child.stdin?.write('green\n');
  const first = await new Promise<Buffer>((resolve) => child.stdout?.once('data', resolve));
  expect(first.toString()).toMatch(/^[\d.]+\tgreen\n$/);
  child.stdin?.end();
  expect(await finished(child)).toMatchObject({ status: 0, stdout: '' });
});

test('a reader that has seen enough ends it quietly', async () => {
  const folder = withModel();
  folder.write('long.txt', verses(400_000));
  const { status, stdout, stderr } = await folder.shell('charnn score long.txt | head -n 2');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.split('\n')).toHaveLength(3);
});

test.each([
  ['score', '--threshold', '90%', '--calibrate', '-'],
  ['score', '-', '--threshold', '90%', '--calibrate', '-'],
  ['novelty', '-', '--corpus', '-'],
  ['train', '-', '--val-file', '-', '-o', 'new.json'],
])('%s %j takes standard input once, not for two things', async (...args) => {
  const { status, stdout, stderr } = await withModel().run(args, verses(2000));
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain('standard input (-) is given twice: it can be read only once');
});
