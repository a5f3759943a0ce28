/** Charnn's own files and streams: never read as a text, never written over what they were read from. */
import { chmodSync, chownSync, linkSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Folder, madeOnce, small, verses } from '../commands/run.js';

const text = verses(1500);
const sizes = small.join(' ');
const onPosix = process.platform !== 'win32';

function poems(): Folder {
  const folder = new Folder();
  folder.write('a.txt', text);
  folder.write('b.txt', verses(700));
  mkdirSync(join(folder.path, 'more'));
  folder.write('more/c.txt', verses(300));
  return folder;
}

async function newlyTrained(source = '.'): Promise<Folder> {
  const folder = poems();
  expect((await folder.run(['train', source, ...small, '-q'])).status).toBe(0);
  return folder;
}

const trainedOnAll = madeOnce(() => newlyTrained());
const trainedOnA = madeOnce(() => newlyTrained('a.txt'));
const trainedOnB = madeOnce(() => newlyTrained('b.txt'));
const withPage = madeOnce(async () => {
  const folder = await trainedOnA();
  expect((await folder.run(['report', '-o', 'page.html'])).status).toBe(0);
  return folder;
});

describe.runIf(onPosix)('the file that output goes to, in a folder that is learnt', () => {
  const more = 'train --resume --steps 6';

  test.each([
    ['standard output and standard error', '> own.log 2>&1'],
    ['standard error', '2> own.log'],
    ['events', '--json > own.log'],
    ['a file in a folder below, appended to', '>> more/own.log 2>&1'],
    ['a file that is named by a link', '> link.log 2>&1'],
    ...(process.platform === 'linux'
      ? [
          ['a file that tee writes', '2>&1 | tee own.log'],
          ['a file at the end of a pipeline', '2>&1 | cat | tee -a more/own.log | cat'],
          ['a file of a process that standard error goes to', '2> >(cat > own.log)'],
        ]
      : []),
  ])('%s: it is left out, and --resume still knows it', async (_, streams) => {
    const calm = await trainedOnAll();
    const folder = poems();
    symlinkSync('linked.log', join(folder.path, 'link.log'));
    const { status } = await folder.shell(`charnn train . ${sizes} ${streams}`);
    expect(status).toBe(0);
    expect(folder.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
    const shown = folder.shell('cat *.log more/*.log 2> /dev/null');
    if (!streams.includes('json')) {
      expect((await shown).stdout).toMatch(
        /^left out \S+, because the standard (output|error) of this/m,
      );
    }
    // the log of the first run is no stream of the second, which has one of its own
    expect(
      (await folder.shell(`charnn ${more} > second.log 2>&1; cat second.log >&2`)).status,
    ).toBe(0);
    expect((await folder.run(['train', '--resume', '--steps', '8', '-q'])).status).toBe(0);
  });

  test('pages, logs and compressed files of before are left out, too', async () => {
    const folder = poems();
    const calm = await folder.shell(
      `charnn train . ${sizes} --json > first.log; charnn report first.log -o r.html -q; charnn compress a.txt -q > a.cz`,
    );
    expect(calm.status).toBe(0);
    expect((await folder.run(['train', '.', ...small, '-o', 'again.json', '-q'])).status).toBe(0);
    expect(folder.json('again.json').training.corpus.files).toBe(3);
  });

  test.each([
    ['train', `train a.txt ${sizes} >> a.txt`],
    ['score, which would read its own lines without end', 'score a.txt >> a.txt'],
    ['score of standard input', 'score < a.txt >> a.txt'],
    ['eval', 'eval a.txt 2>> a.txt'],
    ['sample', 'sample --complete a.txt >> a.txt'],
    ...(process.platform === 'linux' ? [['through a pipe', 'score a.txt | tee -a a.txt']] : []),
  ])('is not read where it is named: %s', async (_, line) => {
    const folder = await trainedOnB();
    const { status } = await folder.shell(`charnn ${line.replace('train', 'train -o x.json')}`);
    expect(status).toBe(1);
    // an error on standard error may have gone to the file
    expect(folder.read('a.txt').toString().slice(0, text.length)).toBe(text);
    expect(folder.read('a.txt').length).toBeLessThan(text.length + 300);
  });
});

describe('a folder that has changed since', () => {
  test.each([
    ['changed: b.txt', (folder: Folder) => folder.write('b.txt', verses(800))],
    [
      'changed: b.txt',
      (folder: Folder) => folder.write('b.txt', verses(700).replace('green', 'greem')),
    ],
    ['new: more/d.txt', (folder: Folder) => folder.write('more/d.txt', 'new')],
    ['new: empty.txt', (folder: Folder) => folder.write('empty.txt', '')],
    [
      'changed: a.txt; new: z.txt',
      (folder: Folder) => {
        folder.write('a.txt', 'x');
        folder.write('z.txt', 'y');
      },
    ],
  ])('%s', async (words, change) => {
    const folder = await newlyTrained();
    change(folder);
    const { status, stderr } = await folder.run(['train', '--resume', '--steps', '6']);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^charnn: the text [^\n]* is not the one that charnn\.state\.json[^\n]*\n$/,
    );
    expect(stderr).toContain(`was trained on (${words})`);
  });

  test('files of one name in two folders are told apart, and a gone one is named', async () => {
    const folder = new Folder();
    for (const name of ['one', 'two']) {
      mkdirSync(join(folder.path, name));
      folder.write(`${name}/a.txt`, verses(name.length * 300));
    }
    folder.write('two/a.txt', text);
    folder.write('two/b.txt', text);
    await folder.run(['train', 'one', 'two', ...small, '-q']);
    expect((await folder.run(['train', '--resume', '--steps', '6', '-q'])).status).toBe(0);
    expect((await folder.shell('rm two/b.txt')).status).toBe(0);
    const { stderr } = await folder.run(['train', '--resume', '--steps', '8']);
    expect(stderr).toContain('(gone: b.txt)');
  });

  test('an older state names no files: the text is refused without their names', async () => {
    const folder = await newlyTrained();
    const { sha256: _, ...state } = folder.json('charnn.state.json');
    const { files, ...source } = state.source;
    expect(files).toHaveLength(3);
    folder.write('charnn.state.json', JSON.stringify({ ...state, version: 1, source }));
    const more = ['train', '--resume', '--steps', '6'];
    folder.write('d.txt', 'new');
    expect((await folder.run(more)).stderr).toMatch(/was trained on: put/);
    expect((await folder.shell('rm d.txt')).status).toBe(0);
    expect((await folder.run(more)).status).toBe(0);
  });
});

test('a model names no folder and no user', async () => {
  const folder = poems();
  await folder.run([
    'train',
    folder.path,
    ...small,
    '--val-file',
    join(folder.path, 'a.txt'),
    '-q',
  ]);
  const model = folder.read('charnn.json').toString();
  for (const secret of [folder.path, homedir(), 'more/']) expect(model).not.toContain(secret);
});

describe('a model and its state', () => {
  const steps = async (folder: Folder, model: string, state: string) => [
    folder.json(model).training.step,
    folder.json(state).step,
  ];

  test('with and without the extension have a state each', async () => {
    const folder = poems();
    for (const [name, count] of [
      ['foo', '4'],
      ['foo.json', '6'],
    ]) {
      const { status } = await folder.run([
        'train',
        'a.txt',
        ...small,
        '--steps',
        count,
        '-o',
        name,
      ]);
      expect(status).toBe(0);
    }
    expect(await steps(folder, 'foo', 'foo.state')).toEqual([4, 4]);
    expect(await steps(folder, 'foo.json', 'foo.state.json')).toEqual([6, 6]);
    for (const name of ['foo', 'foo.json']) {
      const resumed = await folder.run(['train', '--resume', '--steps', '8', '-o', name]);
      expect([resumed.status, resumed.stderr]).toEqual([0, expect.any(String)]);
    }
    expect(await steps(folder, 'foo', 'foo.state')).toEqual([8, 8]);
  });

  test('a state of an earlier version, beside a model without an extension, is found', async () => {
    const folder = poems();
    await folder.run(['train', 'a.txt', ...small, '-o', 'foo', '-q']);
    await folder.shell('mv foo.state foo.state.json');
    expect(
      (await folder.run(['train', '--resume', '--steps', '6', '-o', 'foo', '-q'])).status,
    ).toBe(0);
    expect(await steps(folder, 'foo', 'foo.state')).toEqual([6, 6]);
    // but not that of another model
    await folder.shell('rm foo.state foo.state.json');
    await folder.run(['train', 'b.txt', ...small, '-o', 'foo.json', '-q']);
    const refused = await folder.run(['train', '--resume', '--steps', '9', '-o', 'foo']);
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining('belongs to another model'),
    ]);
  });

  test('a model is not written over the state of another, nor a state over a model', async () => {
    const folder = poems();
    await folder.run(['train', 'a.txt', ...small, '-o', 'foo.json', '-q']);
    const state = folder.read('foo.state.json');
    const args = ['train', 'a.txt', ...small, '--force', '-o'];
    const refused = await folder.run([...args, 'foo.state.json']);
    expect([refused.status, refused.stderr]).toEqual([
      1,
      'charnn: foo.state.json is the state of a training run, not a model, so it is not replaced: give another --output\n',
    ]);
    expect(folder.read('foo.state.json').equals(state)).toBe(true);
    await folder.shell('cp foo.json bar.state.json');
    expect((await folder.run([...args, 'bar.json'])).stderr).toContain('is a model, not the state');
  });
});

describe('no output replaces what the command reads', () => {
  test('a model that a training starts from, by any name', async () => {
    const folder = poems();
    await folder.run(['train', 'a.txt', ...small, '-o', 'base.json', '-q']);
    const before = folder.read('base.json');
    symlinkSync('base.json', join(folder.path, 'link.json'));
    linkSync(join(folder.path, 'base.json'), join(folder.path, 'hard.json'));
    for (const name of ['base.json', './base.json', 'link.json', 'hard.json']) {
      const args = ['--init-from', 'base.json', '--force', '-o', name];
      const { status, stderr } = await folder.run(['train', 'a.txt', ...small, ...args]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/is the file base\.json, which this command reads[^\n]*\n$/);
    }
    expect(folder.read('base.json').equals(before)).toBe(true);
  });

  test.each([
    ['report', ['report', 'charnn.json']],
    ['visualize', ['visualize', 'page.html']],
    ['gradients', ['gradients', 'page.html']],
  ])(
    'a page of %s: an older page, but not its text, a book or a link to either',
    async (_, args) => {
      const folder = await trainedOnA();
      const book = '<!doctype html>\n<title>years of work</title>\n';
      folder.write('book.html', book);
      symlinkSync('book.html', join(folder.path, 'link.html'));
      for (const name of ['book.html', 'link.html']) {
        const { status, stderr } = await folder.run([...args, '-o', name]);
        expect(status).toBe(1);
        expect(stderr).toMatch(
          /^charnn: \w+\.html is not a file that charnn wrote, so it is not replaced[^\n]*\n$/,
        );
      }
      expect(folder.read('book.html').toString()).toBe(book);
      expect((await folder.run(['report', 'charnn.json', '-o', 'page.html'])).status).toBe(0);
      expect((await folder.run(['report', 'charnn.json', '-o', 'page.html'])).status).toBe(0);
      if (args[1] !== 'page.html') return;
      const page = folder.read('page.html');
      const { status, stderr } = await folder.run([...args, '-o', 'page.html']);
      expect([status, stderr]).toEqual([1, expect.stringContaining('which this command reads')]);
      expect(folder.read('page.html').equals(page)).toBe(true);
    },
  );

  test.runIf(onPosix)('a model or state is no file that a stream goes to', async () => {
    const folder = poems();
    const { status } = await folder.shell(`charnn train a.txt ${sizes} -f -o own.json > own.json`);
    expect(status).toBe(2);
  });
});

describe.runIf(onPosix)('standard output and devices as --output', () => {
  test.each(['-', '/dev/stdout', '/dev/fd/1'])('%s takes a page', async (name) => {
    const folder = await withPage();
    const page = folder.read('page.html');
    const piped = await folder.run(['report', '-o', name]);
    expect([piped.status, piped.stderr]).toEqual([0, '']);
    expect(piped.stdoutBytes.equals(page)).toBe(true);
    expect((await folder.shell(`charnn report -o ${name} > file.html`)).status).toBe(0);
    expect(folder.read('file.html').equals(page)).toBe(true);
    const both = await folder.run(['gradients', 'a.txt', '--json', '-o', name]);
    expect([both.status, both.stdout]).toEqual([2, '']);
  });

  test('a pipe that the shell has made takes a page, too', async () => {
    const folder = await withPage();
    await folder.shell(
      'charnn report -o >(cat > copy.html); while ! grep -q "</html>" copy.html; do sleep 0.1; done',
    );
    expect(folder.read('copy.html').equals(folder.read('page.html'))).toBe(true);
    const { status, stderr } = await folder.shell('mkfifo p.html; charnn report -o p.html');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^charnn: cannot write to p\.html: [^\n]+\n$/),
    ]);
  });

  test('nothing else is written into a folder of devices', async () => {
    const folder = await trainedOnA();
    for (const line of [
      `train a.txt ${sizes} -f -o /dev/stdout`,
      `train a.txt ${sizes} -f -o /dev/stdout > model.json`,
      `train a.txt ${sizes} -f -o /dev/charnn-test.json`,
      `train a.txt ${sizes} -f -o /dev/null`,
      'report -o /dev/charnn-test.html',
    ]) {
      const { status, stderr } = await folder.shell(`charnn ${line}`);
      expect([line, status, stderr]).toEqual([
        line,
        2,
        expect.stringMatching(/^charnn: --output [^\n]+\n$/),
      ]);
    }
    const made = await folder.shell('ls -A /dev | grep -E "charnn|stdout."');
    expect(made.stdout).toBe('');
  });
});

test.runIf(process.getuid?.() === 0)(
  "root keeps another user's owner, group and mode",
  async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    for (const name of ['charnn.json', 'charnn.state.json']) {
      chownSync(join(folder.path, name), 1234, 1235);
      chmodSync(join(folder.path, name), 0o6751);
    }
    expect((await folder.train(text, '--force', '-q')).status).toBe(0);
    for (const name of ['charnn.json', 'charnn.state.json']) {
      const { uid, gid, mode } = statSync(join(folder.path, name));
      expect([uid, gid, mode & 0o7777]).toEqual([1234, 1235, 0o6751]);
    }
  },
);
