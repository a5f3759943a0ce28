/** Cells as equations, through the commands: a file of them, the model that learns with them, and `cells`. */
import { beforeAll, describe, expect, test } from 'vitest';
import { libraryNames } from '#charnn/cells/cell-library.js';
import { Folder, verses } from './run.js';

const text = verses(3000);
/** Two states, learned vectors, a product that waits for another, one that waits for no state */
const mine = `# a cell of one's own
r, z = sigmoid(W x + U h + p*c + b)
a = V tanh(P x)
n = tanh(W_n x + U_n (r*h) + a)
c' = 0.5*c + z*n
h' = z*h + (1 - z)*tanh(c')
b_z = 1
`;
const shape = ['--cell', 'mine.cell', '--layers', '2', '--steps', '40', '--eval-every', '20'];

describe('a model of a file of equations', () => {
  const folder = new Folder();
  beforeAll(async () => {
    folder.write('mine.cell', mine);
    expect((await folder.train(text, ...shape, '-q')).status).toBe(0);
    // the model needs it no more
    folder.write('mine.cell', 'gone');
  });

  test('holds the equations, has tensors by their names, and has learned', async () => {
    const { model, tensors, history } = folder.json('charnn.json');
    expect(model).toMatchObject({ cell: 'mine', equations: mine });
    const names = tensors.map(({ name }: { name: string }) => name);
    expect(names).toContain('rnn.W_r_l0');
    expect(names).toContain('rnn.U_n_l1');
    expect(names).toContain('rnn.p_z_l1');
    expect(history.at(-1).validationLoss).toBeLessThan(history[0].validationLoss);
    const { stdout } = await folder.run(['inspect']);
    expect(stdout).toContain('2 × mine of 8');
    expect(stdout).toContain('  r = sigmoid(W_r x + U_r h + p_r*c + b_r)\n');
  });

  test('goes on to the same bytes, by any optimiser, with dropouts and an average', async () => {
    for (const optimizer of ['muon', 'adamw']) {
      const steady = [
        ...[...shape, '--schedule', 'constant', '--optimizer', optimizer, '--average', '0.9'],
        ...['--dropout', '0.2', '--weight-drop', '0.2', '--residual'],
      ];
      const [whole, parts] = [new Folder(), new Folder()];
      for (const each of [whole, parts]) each.write('mine.cell', mine);
      await whole.train(text, ...steady, '-q');
      await parts.train(text, ...steady, '--steps', '20', '-q');
      expect((await parts.run(['train', '--resume', '--steps', '40', '-q'])).status).toBe(0);
      expect(parts.read('charnn.json').equals(whole.read('charnn.json'))).toBe(true);
    }
  });

  test('score, in pieces, is what eval says of the whole; sampling is by the seed', async () => {
    const { stdout } = await folder.run(['score', '--total'], verses(6000));
    const evaluated = await folder.run(['eval', '--json'], verses(6000));
    expect(Math.abs(Number(stdout) - JSON.parse(evaluated.stdout).bitsPerCharacter)).toBeLessThan(
      1e-6,
    );
    const draw = () => folder.run(['sample', '-l', '80', '--seed', '4']);
    const drawn = await draw();
    expect(drawn.status).toBe(0);
    expect((await draw()).stdout).toBe(drawn.stdout);
  });

  test('compresses, is looked at, and is trained on', async () => {
    folder.write('new.txt', verses(2000));
    const packed = await folder.shell('charnn compress -m charnn.json < new.txt > new.cz');
    expect(packed.status).toBe(0);
    const back = await folder.shell('charnn decompress -m charnn.json < new.cz');
    expect(back.stdoutBytes.equals(folder.read('new.txt'))).toBe(true);
    const flow = await folder.run(['gradients', 'new.txt', '--json', '--positions', '4']);
    const [{ states, spectra }] = JSON.parse(flow.stdout);
    expect(new Set(states.map(({ state }: { state: string }) => state))).toEqual(
      new Set(['h', 'c']),
    );
    expect(spectra.map(({ gate }: { gate: string }) => gate)).toContain('U_n');
    const page = await folder.run(['visualize', 'new.txt', '-o', 'page.html']);
    expect([page.status, page.stderr]).toEqual([0, expect.anything()]);
    expect(folder.read('page.html').toString()).toContain('"gate":"z"');
    const tuned = await folder.run([
      ...['train', 'text.txt', '--init-from', 'charnn.json', '-o', 'tuned.json'],
      ...['--steps', '2', '--batch-size', '2', '--seq-length', '8', '--threads', '1'],
    ]);
    expect([tuned.status, tuned.stderr]).toEqual([0, expect.anything()]);
    expect(folder.json('tuned.json').model.equations).toBe(mine);
  });

  test('is not taken over by another cell', async () => {
    folder.write('other.cell', "h' = tanh(W x + U h)\n");
    const start = ['train', 'text.txt', '--init-from', 'charnn.json', '-o', 'x.json'];
    const other = await folder.run([...start, '--cell', 'other.cell']);
    expect(other.status).not.toBe(0);
    expect(other.stderr).toMatch(/its cell is mine, not other/);
    folder.write('mine.cell', "h' = tanh(W x + U h)\n");
    const changed = await folder.run([...start, '--cell', 'mine.cell']);
    expect(changed.stderr).toMatch(/its cell mine has other equations/);
  });

  test.each([
    ['other equations', { equations: mine.replace('0.5', '0.25') }, /sha256/],
    ['none', { equations: undefined }, /model: cell must be one of rnn, lstm, gru, not "mine"/],
    ['a slip', { equations: 'h = x' }, /model: equations: line 1, column 1: h is the state before/],
    ['a number', { equations: 7 }, /model: equations must be/],
    [
      'too many',
      { equations: 'x '.repeat(50_000) },
      /model: equations: the cell has 100000 characters: at most/,
    ],
    [
      'the name of another cell',
      { cell: 'lstm' },
      /model: cell must be a name .* none of the built-in rnn/,
    ],
    ['a name that steers terminals', { cell: 'a\u001b[2J' }, /model: cell must be a name/],
  ])('with %s in its file is refused in one line', async (_, change, message) => {
    const { model, ...rest } = folder.json('charnn.json');
    folder.write('odd.json', JSON.stringify({ ...rest, model: { ...model, ...change } }));
    const { status, stderr } = await folder.run(['sample', '-m', 'odd.json', '-l', '1']);
    expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stderr).not.toContain('\u001b');
  });
});

describe('--cell', () => {
  const folder = new Folder();
  test.each([
    [['--cell', 'nsa'], 2, /--cell must be one of rnn, .*\.cell, not "nsa"; did you mean nas\?/],
    [['--cell', 'none.cell'], 1, /there is no file none\.cell/],
    [['--cell', 'bad.cell'], 1, /bad\.cell: line 2, column 11: expected an operator before "h"/],
    [['--cell', 'nas', '--layer-norm'], 2, /--layer-norm is for --cell lstm, not nas/],
    [
      ['--cell', 'sru', '--weight-drop', '0.1'],
      2,
      /--weight-drop is for recurrent weights, .* sru has none/,
    ],
  ])('%j is refused', async (options, status, message) => {
    folder.write('bad.cell', "# a slip\nh' = W x  h\n");
    const outcome = await folder.train(text, ...options);
    expect([outcome.status, outcome.stderr]).toEqual([status, expect.stringMatching(message)]);
  });

  test('names of the library are a training each, and of gradients', async () => {
    for (const name of ['sru', 'slstm']) {
      const trained = await folder.train(text, '--cell', name, '-o', `${name}.json`);
      expect(trained.status).toBe(0);
    }
    const { status, stdout } = await folder.run([
      ...['gradients', 'text.txt', '--cell', 'lstm,mlstm,sru', '--hidden', '8', '--json'],
      ...['--positions', '2', '--lags', '8'],
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).map(({ name }: { name: string }) => name)).toEqual([
      ...['lstm', 'mlstm', 'sru'],
    ]);
  });
});

describe('charnn cells', () => {
  const folder = new Folder();

  test('lists what there is', async () => {
    const { stdout } = await folder.run(['cells', '--json']);
    const names = JSON.parse(stdout).map(({ name }: { name: string }) => name);
    expect(names).toEqual(['rnn', 'lstm', 'gru', ...libraryNames]);
    expect((await folder.run(['cells'])).stdout).toContain('nas       The cell that');
  });

  test('shows equations, source and costs', async () => {
    const { stdout } = await folder.run(['cells', 'show', 'mut1', '--hidden', '100']);
    expect(stdout).toContain('Jozefowicz et al. 2015');
    expect(stdout).toContain("h' = tanh(U_h (r*h) + tanh(P x) + b_h)*z + h*(1 - z)\n");
    // five matrices and three vectors
    expect(stdout).toContain('50,300 in a layer of 100 units');
    expect(stdout).toContain('2 per time step depend on the state, with 2 matrices of 100 × 100');
    expect((await folder.run(['cells', 'show', 'lstm'])).stdout).toContain('hand-written kernels');
  });

  test('checks gradients and speed', async () => {
    folder.write('mine.cell', mine);
    const checked = await folder.run(['cells', 'check', 'mine.cell', '--hidden', '8', '--json']);
    expect(checked.status).toBe(0);
    const { errors, charactersPerSecond } = JSON.parse(checked.stdout);
    expect(errors.length).toBeGreaterThan(5);
    for (const { error } of errors) expect(error).toBeLessThan(1e-6);
    expect(charactersPerSecond).toBeGreaterThan(0);
    folder.write('odd.cell', "h' = tanh(W x + log(h))\n");
    const odd = await folder.run(['cells', 'check', 'odd.cell', '--hidden', '8']);
    expect([odd.status, odd.stderr]).toEqual([1, expect.stringContaining('where it is undefined')]);
  });

  test.each([
    [['cells', 'shw', 'nas'], /cells has no action shw/],
    [['cells', 'show'], /cells show takes one cell/],
  ])('%j is a wrong usage', async (args, message) => {
    const { status, stderr } = await folder.run(args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

test('a file of equations may be in UTF-16 with a mark and CR LF, as PowerShell writes it', async () => {
  const folder = new Folder();
  const equations = "h' = tanh(W x + U h + b)\r\n";
  folder.write('plain.cell', equations);
  const wide = Buffer.from(`\ufeff${equations}`, 'utf16le');
  folder.write('little.cell', wide);
  folder.write('big.cell', Buffer.from(wide).swap16());
  folder.write('marked.cell', `\ufeff${equations}`);
  const shown = async (name: string) => {
    const { status, stdout } = await folder.run(['cells', 'show', name]);
    expect(status).toBe(0);
    return stdout;
  };
  const plain = await shown('plain.cell');
  for (const name of ['little', 'big', 'marked']) expect(await shown(`${name}.cell`)).toBe(plain);
});

test('letters of any case, and near misses', async () => {
  const folder = new Folder();
  const outcome = async (...args: string[]) => {
    const { status, stdout, stderr } = await folder.run(['cells', ...args]);
    return [status, stdout.split('\n')[0], stderr];
  };
  expect(await outcome('show', 'GRU')).toEqual(await outcome('show', 'gru'));
  expect(await outcome('show', 'Nas')).toEqual(await outcome('show', 'nas'));
  expect(await outcome('show', 'lsmt')).toEqual([1, '', expect.stringMatching(/mean lstm\?\n$/)]);
  expect(await outcome('shwo', 'gru')).toEqual([2, '', expect.stringMatching(/mean show\?\n$/)]);
});
