/** `charnn sample` in pipelines. */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, finished, verses } from '../run.js';

let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(verses(3000), '--steps', '60', '--separator', '', '-q');
  model = folder.read('charnn.json');
});

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

const hasJq = spawnSync('jq', ['--version']).status === 0;

const lines = (text: string) => text.split('\n').slice(0, -1);

describe('records', () => {
  test('-n writes so many, a line each; threads and -n change none of them', async () => {
    const folder = withModel();
    const args = ['sample', '--stop', '\\n', '--seed', '7', '-l', '60'];
    const many = await folder.run([...args, '-n', '40', '--threads', '2']);
    expect(lines(many.stdout)).toHaveLength(40);
    const few = await folder.run([...args, '-n', '3', '--threads', '1']);
    expect(lines(few.stdout)).toEqual(lines(many.stdout).slice(0, 3));
  });

  test('-0 ends them with NUL bytes, for xargs', async () => {
    const { stdout, stderr } = await withModel().shell(
      "charnn sample -n 5 -0 -l 30 --seed 2 | xargs -0 -n 1 printf '<%s>'",
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^(<[\s\S]{30}>){5}$/);
  });

  test('--until keeps the end, --stop leaves it out', async () => {
    const folder = withModel();
    const args = ['sample', '--seed', '1', '-n', '20', '-l', '200'];
    const kept = lines(
      (await folder.run([...args, '--until', 'e'])).stdout.replace(/e\n/g, 'e;\n'),
    );
    const left = (await folder.run([...args, '--stop', 'e'])).stdout;
    expect(left).not.toContain('e');
    expect(kept.join('\n').replaceAll('e;', '')).toBe(left.slice(0, -1));
  });

  test('--unique writes no record twice, and gives up where there are no more', async () => {
    const folder = withModel();
    const args = ['sample', '--seed', '1', '-l', '2', '--top-k', '3'];
    const plain = lines((await folder.run([...args, '-n', '60', '--stop', 'q'])).stdout);
    expect(new Set(plain).size).toBeLessThan(60);
    const outcome = await folder.run([...args, '-n', '60', '--unique', '-0']);
    const unique = outcome.stdout.split('\0').slice(0, -1);
    expect(new Set(unique).size).toBe(unique.length);
    expect(unique.length).toBeLessThan(60);
    expect(outcome.stderr).toMatch(new RegExp(`${unique.length} of 60 records were written`));
    expect(outcome.status).toBe(0);
  });

  test('--novel leaves out what stands in the corpus', async () => {
    const folder = withModel();
    const text = verses(3000);
    folder.write('text.txt', text);
    const args = ['sample', '--seed', '1', '-l', '2', '-n', '40', '--stop', '\\n', '--temp', '2'];
    const plain = lines((await folder.run(args)).stdout);
    expect(plain.some((line) => text.includes(line))).toBe(true);
    const novel = lines((await folder.run([...args, '--novel', 'text.txt'])).stdout);
    expect(novel).toHaveLength(40);
    expect(novel.filter((line) => text.includes(line))).toEqual([]);
  });
});

describe('prompts', () => {
  test('--complete goes on from each line, in order, one line each', async () => {
    const { stdout } = await withModel().shell(
      'seq 100 | charnn sample --complete - --seed 3 -l 40 | sort -u | wc -l',
    );
    expect(Number(stdout)).toBe(100);
    const folder = withModel();
    const run = await folder.run(['sample', '--complete', '-', '--seed', '3', '-n', '2'], '1\n\n3');
    expect(lines(run.stdout)).toHaveLength(6);
    expect(lines(run.stdout).map((line) => line[0])).toEqual(expect.arrayContaining(['1', '3']));
  });

  test('--complete answers a line before the next one comes', async () => {
    const child = withModel().start(['sample', '--complete', '-', '-l', '5'], 'pipe');
    child.stdin?.write('green\n');
    const first = await new Promise<Buffer>((resolve) => child.stdout?.once('data', resolve));
    expect(first.toString().slice(0, 5)).toBe('green');
    child.stdin?.end();
    expect((await finished(child)).status).toBe(0);
  });

  test('a prompt file, a pipe, a here-document and process substitution are the same', async () => {
    const folder = withModel();
    folder.write('prompt.txt', 'green bottles\n'.repeat(40));
    const options = '--seed 5 -l 30';
    const outcomes = [
      await folder.run(['sample', '--prompt-file', 'prompt.txt', ...options.split(' ')]),
      await folder.shell(`charnn sample --prompt-file - ${options} < prompt.txt`),
      await folder.shell(`charnn sample --prompt-file <(cat prompt.txt) ${options}`),
      await folder.shell(`charnn sample --prompt "$(cat prompt.txt)
" ${options}`),
      await folder.shell(`charnn sample --prompt-file - ${options} <<'END'
${'green bottles\n'.repeat(40)}END`),
      await folder.shell(`cat prompt.txt | charnn sample --prompt-file /dev/stdin ${options}`),
    ];
    for (const { stdout } of outcomes) {
      expect(stdout).toBe(outcomes[0].stdout);
      expect(stdout).toHaveLength(14 * 40 + 30);
    }
    const silent = await folder.shell(
      `charnn sample --no-echo --prompt-file - ${options} < prompt.txt`,
    );
    expect(silent.stdout).toBe(outcomes[0].stdout.slice(14 * 40));
  });

  test('--length 0 is the prompt alone, or records of nothing', async () => {
    const folder = withModel();
    const none = ['sample', '-l', '0'];
    expect((await folder.run(none)).stdout).toBe('');
    expect((await folder.run([...none, '-p', 'green'])).stdout).toBe('green');
    expect((await folder.run([...none, '-p', 'green', '--no-echo'])).stdout).toBe('');
    expect((await folder.run([...none, '-n', '3'])).stdout).toBe('\n\n\n');
    expect((await folder.run([...none, '-0', '--complete', '-'], 'a\nb\n')).stdout).toBe('a\0b\0');
  });

  test('a stop string in the prompt ends nothing; the prompt is written whole', async () => {
    const args = ['sample', '--seed', '1', '-p', 'green green', '-l', '60'];
    const free = (await withModel().run(args)).stdout;
    expect(free).toHaveLength(71);
    for (const stop of ['green', 'e']) {
      const [stopped] = free.slice(11).split(stop);
      const { stdout } = await withModel().run([...args, '--stop', stop]);
      expect(stdout).toBe(`green green${stopped}`);
    }
  });

  test('an empty prompt is none; one that is not UTF-8 is read as unknown characters', async () => {
    const folder = withModel();
    const plain = (await folder.run(['sample', '-l', '9', '--seed', '1'])).stdout;
    expect((await folder.run(['sample', '-p', '', '-l', '9', '--seed', '1'])).stdout).toBe(plain);
    const empty = await folder.run(['sample', '--prompt-file', '-', '-l', '9', '--seed', '1'], '');
    expect(empty.stdout).toBe(plain);
    const bytes = Buffer.from([0x67, 0xff, 0x67]);
    const odd = await folder.run(['sample', '--prompt-file', '-', '-l', '9'], bytes);
    expect(odd.status).toBe(0);
    expect(odd.stderr).toMatch(/^warning: 1 character of the prompt is unknown/);
    expect(odd.stdoutBytes.subarray(0, 3)).toEqual(bytes);
  });
});

test('a reader sees the first characters of a record before its last is drawn', async () => {
  const folder = withModel();
  const child = folder.start(['sample', '-l', '4000000', '-n', '4', '--threads', '2']);
  const first = await new Promise<Buffer>((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGKILL');
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThan(4_000_000);
});

test('a slow reader holds it back: memory stays as it was', async () => {
  const { stdout, stderr } = await withModel().shell(
    `charnn sample -l 2000000000 --seed 1 | (sleep 3; head -c 3)
     charnn sample -l 1000000 -n 100000 | head -n 2 | wc -l`,
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/2\n$/);
});

test('--match gives a validator nothing to refuse', async () => {
  const folder = new Folder();
  await folder.train('{"key":12}\n{"other":345}\n'.repeat(40), '-q');
  const check =
    'for (const line of String(fs.readFileSync(0)).trim().split("\\n")) JSON.parse(line)';
  const { stdout, stderr } = await folder.shell(
    String.raw`charnn sample -n 30 --seed 1 -l 40 --match '\{"[a-z]{1,8}":(\d|[1-5]\d{1,5})\}' |
      tee records.txt | ${process.execPath} -e '${check}' && wc -l < records.txt`,
  );
  expect([stdout.trim(), stderr]).toEqual(['30', '']);
});

test('in process substitutions records are the same, whatever the threads', async () => {
  const { stdout, status } = await withModel().shell(
    'diff <(charnn sample -n 4 -l 30 --seed 1 | cat) <(charnn sample -n 4 -l 30 --seed 1 --threads 1)',
  );
  expect([status, stdout]).toEqual([0, '']);
});

test.runIf(hasJq)('jq reads what --match writes, however many', async () => {
  const folder = new Folder();
  await folder.train('{"key":12}\n{"other":345}\n'.repeat(40), '-q');
  const { stdout, stderr, status } = await folder.shell(
    String.raw`charnn sample -n 300 --seed 1 -l 40 --temp 2 --match '\{"[a-z]{1,8}":[1-5]{1,5}\}' |
      jq -r 'to_entries[] | select(.value > 0) | .key' | sort -u | wc -l`,
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(Number(stdout)).toBeGreaterThan(100);
});

test('--beam writes the best, or several, and refuses what is left to chance', async () => {
  const folder = withModel();
  const best = await folder.run(['sample', '--beam', '6', '-l', '20']);
  const three = await folder.run(['sample', '--beam', '6', '-l', '20', '-n', '3', '-0']);
  expect(three.stdout.split('\0')).toHaveLength(4);
  expect(three.stdout.split('\0')[0]).toBe(best.stdout);
  const refused = await folder.run(['sample', '--beam', '6', '--temp', '2']);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    'charnn: --beam searches for the most probable record and cannot be combined with other ways of sampling: leave out --temp\n',
  ]);
});

describe('bad usage is one line and status 2', () => {
  test.each([
    [['--prompt', 'a', '--prompt-file', 'b'], /--prompt and --prompt-file contradict each other/],
    [['--prompt-file', '-', '--complete', '-'], /standard input \(-\) is given twice/],
    [['--prompt-file', '-', '--novel', '-'], /standard input \(-\) is given twice/],
    [['--stop', '\\q'], /--stop has an unknown escape "\\\\q"/],
    [['--stop', ''], /--stop must not be empty/],
    [['--temp', '1,-1'], /--temp must be a number of at least 0, not "-1"/],
    [['--top-p', '0'], /--top-p must be a number above 0 and up to 1/],
    [['--match', '(a'], /the expression "\(a" is not understood at character 3: a \( has no \)/],
    [['--match', 'Ω'], /--match "Ω" needs characters that the model does not have/],
    [['--match', 'a', '--stop', 'b'], /--match ends records itself: leave out --stop/],
    [['--ban-repeats', '1'], /--ban-repeats must be an integer of at least 2/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await withModel().run(['sample', ...args], '');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^charnn: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });
});

test('a stop string of unknown characters is said to be in vain', async () => {
  const { status, stderr } = await withModel().run(['sample', '--stop', 'Ω', '-l', '3']);
  expect(status).toBe(0);
  expect(stderr).toMatch(/^warning: --stop "Ω" can never occur/);
});
