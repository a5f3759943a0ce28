/** Records: what separates them, how `sample -n` begins them, and training on each by itself. */
import { beforeAll, describe, expect, test } from 'vitest';
import { largestDifference, proportions, recordTexts } from '../../fixtures/records.mjs';
import { Folder, small, verses } from '../run.js';

const { names, recipes } = recordTexts;
let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  folder.write('text.txt', recipes.make(1, 600));
  const size = ['--hidden', '48', '--layers', '1', '--embedding', '16', '--threads', '1'];
  await folder.run(['train', 'text.txt', ...size, '--steps', '400', '--quiet']);
  model = folder.read('charnn.json');
}, 120_000);

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

const recordsOf = (stdout: string) => stdout.split('\0').slice(0, -1);

describe('the separator', () => {
  test('is found, said, kept by model and state, and shown', async () => {
    const folder = new Folder();
    folder.write('text.txt', recipes.make(1, 60));
    const { stderr } = await folder.run(['train', 'text.txt', ...small]);
    expect(stderr).toContain('records, each ended by the line "%%"');
    expect(folder.json('charnn.json')).toMatchObject({ version: 3, separator: '\n%%\n' });
    expect(folder.json('charnn.state.json')).toMatchObject({ version: 3, separator: '\n%%\n' });
    const { stdout } = await folder.run(['inspect']);
    expect(stdout).toMatch(/records end with +the line "%%"/);
    await folder.run(['train', '--resume', '--steps', '6', '-q']);
    expect(folder.json('charnn.json').separator).toBe('\n%%\n');
  });

  test('is what --separator says, and none where that is empty', async () => {
    const folder = new Folder();
    folder.write('text.txt', recipes.make(1, 60));
    const args = ['train', 'text.txt', ...small, '-f', '--separator'];
    await folder.run([...args, 'Bake\\x20']);
    expect(folder.json('charnn.json').separator).toBe('Bake ');
    const { stderr } = await folder.run([...args, '']);
    expect(stderr).not.toContain('records');
    expect(folder.json('charnn.json')).not.toHaveProperty('separator');
    expect((await folder.run([...args, '\\q'])).status).toBe(2);
    expect((await folder.run([...args, '§'])).stderr).toContain('"§" does not occur in the text');
  });

  test('a text without one is trained and sampled as ever', async () => {
    const folder = new Folder();
    const text = verses(3000).replaceAll('\n', ', ');
    folder.write('text.txt', text);
    expect((await folder.run(['train', 'text.txt', ...small])).stderr).not.toContain('records');
    expect(folder.json('charnn.json')).not.toHaveProperty('separator');
    const args = ['sample', '--seed', '3', '-l', '40'];
    const single = (await folder.run(args)).stdout;
    expect((await folder.run([...args, '-n', '1'])).stdout).toBe(`${single}\n`);
  });

  test('a model file with a wrong one is refused', async () => {
    const folder = withModel();
    folder.write(
      'charnn.json',
      model.toString().replace('"separator":"\\n%%\\n"', '"separator":7'),
    );
    const { status, stderr } = await folder.run(['sample']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('separator must be')]);
  });
});

describe('sample -n', () => {
  const args = ['sample', '-0', '--seed', '5', '-l', '300'];

  test('begins where records begin, in the proportions of one long text', async () => {
    const folder = withModel();
    const { stdout } = await folder.run([...args, '-n', '300']);
    const records = proportions(recordsOf(stdout), recipes.kind);
    const { stdout: text } = await folder.run(['sample', '--seed', '5', '-l', '60000']);
    const long = proportions(text.split('\n%%\n').slice(1, -1), recipes.kind);
    expect(long.count).toBeGreaterThan(300);
    // a few trainings more or less: the three standard errors of a share near 1 and its sample's size
    expect(records.begun).toBeGreaterThan(long.begun - 0.05);
    expect(largestDifference(records, long)).toBeLessThan(4);
  });

  test('draws each record alike whatever their number and threads', async () => {
    const folder = withModel();
    const many = await folder.run([...args, '-n', '40', '--threads', '2']);
    const few = await folder.run([...args, '-n', '3', '--threads', '1']);
    expect(recordsOf(few.stdout)).toEqual(recordsOf(many.stdout).slice(0, 3));
    expect(new Set(recordsOf(many.stdout)).size).toBeGreaterThan(35);
  });

  test('ends records at the separator without being told, elsewhere with --stop', async () => {
    const folder = withModel();
    const found = await folder.run([...args, '-n', '20']);
    const given = await folder.run([...args, '-n', '20', '--stop', '\\n%%\\n']);
    expect(found.stdout).toBe(given.stdout);
    expect(found.stdout).not.toContain('%%');
    const lines = await folder.run([...args, '-n', '20', '--stop', '\\n']);
    expect(lines.stdout).not.toContain('\n');
    expect(recordsOf(lines.stdout).some((line) => !line.startsWith('# '))).toBe(true);
  });

  test('a prompt begins a record, also one that is completed', async () => {
    const folder = withModel();
    const begun = await folder.run([...args, '-n', '40', '-p', '#', '--stop', '\\n']);
    const isRight = (line: string) => /^# [a-z]+ [a-z]+$/.test(line);
    const right = recordsOf(begun.stdout).filter(isRight);
    const { stdout: text } = await folder.run(['sample', '--seed', '5', '-l', '30000']);
    const headings = text.split('\n').filter((line) => line.startsWith('#'));
    const share = headings.filter(isRight).length / headings.length;
    expect(share).toBeGreaterThan(0.5);
    // two standard errors of 40 records
    expect(right.length / 40).toBeGreaterThan(share - 2 * Math.sqrt((share * (1 - share)) / 40));
    const completed = await folder.run([...args, '--complete', '-'], '#\n#\n#\n');
    expect(recordsOf(completed.stdout)).toEqual(recordsOf(begun.stdout).slice(0, 3));
  });

  test('a separator that never comes is put there: it ends', async () => {
    const folder = withModel();
    const { stdout, status } = await folder.run([
      ...[...args, '-n', '3', '--stop', '##########', '-p', '# '],
    ]);
    expect(status).toBe(0);
    expect(recordsOf(stdout).every((record) => record.length === 302)).toBe(true);
  });

  test('a long prompt is read as it is', async () => {
    const folder = withModel();
    const prompt =
      '# plum cake\n- 50 g honey\n- 70 g apple\n- 30 g nut\nBake for 10 minutes.\n%%\n# ';
    const { stdout } = await folder.run([...args, '-n', '2', '-p', prompt, '--no-echo']);
    const one = await folder.run(['sample', '--seed', '5', '-l', '300', '-p', prompt, '--no-echo']);
    expect(one.stdout.startsWith(recordsOf(stdout)[0])).toBe(true);
  });
});

describe('train --documents', () => {
  const size = [...small, '--threads', '2', '--documents', '--quiet'];

  test.each(['auto', 'wasm', 'reference'])(
    'is the same each time and resumes bit for bit, on any back end: %s',
    async (backend) => {
      const [calm, stopped] = [new Folder(), new Folder()];
      for (const folder of [calm, stopped]) folder.write('text.txt', names.make(1, 300));
      const args = ['train', 'text.txt', ...size, '--backend', backend, '--schedule', 'constant'];
      await calm.run([...args, '--steps', '40', '--eval-every', '5']);
      await stopped.run([...args, '--steps', '15', '--eval-every', '5']);
      expect(stopped.json('charnn.state.json')).toMatchObject({ version: 4, step: 15 });
      await stopped.run(['train', '--resume', '--steps', '40', '--quiet']);
      expect(stopped.json('charnn.state.json').step).toBe(40);
      const tensors = ({ tensors }: { tensors: unknown }) => tensors;
      expect(tensors(stopped.json('charnn.json'))).toEqual(tensors(calm.json('charnn.json')));
      expect(calm.json('charnn.json').training.documents).toBe(true);
    },
  );

  test('its loss of a text is measured as its validations are: each record from its beginning', async () => {
    const folder = new Folder();
    folder.write('text.txt', names.make(1, 300));
    folder.write('held-out.txt', names.make(2, 900));
    await folder.run([
      'train',
      'text.txt',
      ...size,
      '--steps',
      '40',
      '--val-file',
      'held-out.txt',
      '-q',
    ]);
    const { training, history } = folder.json('charnn.json');
    const { validationLoss } = history.at(-1);
    const lossOf = async (...args: string[]) => {
      const { status, stdout } = await folder.run(args);
      expect(status).toBe(0);
      return stdout;
    };
    const { loss } = JSON.parse(await lossOf('eval', 'held-out.txt', '--json'));
    expect(loss).toBeCloseTo(validationLoss, 5);
    const bits = Number(await lossOf('score', '--total', 'held-out.txt'));
    expect(bits).toBeCloseTo(validationLoss / Math.LN2, 5);
    // the same weights, read as one text
    const model = folder.json('charnn.json');
    const { sha256: _, ...rest } = model;
    const { documents: __, ...others } = training;
    folder.write('plain.json', JSON.stringify({ ...rest, version: 1, training: others }));
    const plain = JSON.parse(await lossOf('eval', 'held-out.txt', '-m', 'plain.json', '--json'));
    expect(Math.abs(plain.loss - validationLoss)).toBeGreaterThan(1e-4);
  });

  test('is refused where there is but one document', async () => {
    const folder = new Folder();
    folder.write('text.txt', recipes.make(1, 60));
    const { status, stderr } = await folder.run([
      ...['train', 'text.txt', ...size, '--separator', ''],
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain('give --separator');
  });

  test('its records begin from no state, as they were learnt', async () => {
    const folder = new Folder();
    folder.write('text.txt', recipes.make(1, 600));
    const larger = ['--hidden', '48', '--layers', '1', '--embedding', '16', '--threads', '2'];
    await folder.run(['train', 'text.txt', ...larger, '--steps', '400', '--documents', '--quiet']);
    const { stdout } = await folder.run(['sample', '-n', '200', '-0', '-l', '300', '--seed', '2']);
    const records = recordsOf(stdout);
    const begun = records.filter((record) => record.startsWith('# '));
    expect(begun.length).toBeGreaterThan(190);
  });
});
