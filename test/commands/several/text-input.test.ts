/** Texts as they come from other programs and systems, through the real binary. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readState, writeState } from '#charnn/checkpoint/state-file.js';
import { Folder, madeOnce, small, verses } from '../run.js';

const complaint = /^charnn: [^\n]+\n$/;
const text = verses(800);

function utf16(content: string): Buffer {
  return Buffer.from(`\ufeff${content}`, 'utf16le');
}

const trained = madeOnce(async () => {
  const folder = new Folder();
  expect((await folder.train(text, '-q')).status).toBe(0);
  return folder;
});

/** Another record of how a training's text is read; undefined: none, as older states have none. */
async function changeReading(folder: Folder, reading: unknown, expected?: unknown): Promise<void> {
  const path = join(folder.path, 'charnn.state.json');
  const state = await readState(path);
  const { reading: before, ...source } = state.source;
  if (expected !== undefined) expect(before).toEqual(expected);
  const changed = reading === undefined ? source : { ...source, reading };
  await writeState(path, { ...state, source: changed });
}

describe('training', () => {
  test('the same text in any dress gives the same weights; the hash is of the file', async () => {
    const folder = await trained();
    const plain = folder.json('charnn.json');
    const dresses: [Uint8Array, ...string[]][] = [
      [utf16(text.replaceAll('\n', '\r\n'))],
      [gzipSync(text)],
      [Buffer.from(text, 'utf16le'), '--encoding', 'utf-16le'],
      [Buffer.from(`text\n${text}`), '--format', 'csv', '--text-column', 'text'],
    ];
    // of CSV the commas are field separators
    dresses[3][0] = Buffer.from(`text\n${text.replace(/.+/g, '"$&"')}`);
    for (const [bytes, ...options] of dresses) {
      const { status, stderr } = await folder.train(bytes, ...options, '--force');
      expect(stderr).not.toContain('charnn:');
      expect(status).toBe(0);
      const model = folder.json('charnn.json');
      expect(model.tensors).toEqual(plain.tensors);
      expect(model.training.corpus.bytes).toBe(bytes.length);
      expect(model.training.corpus.sha256).not.toBe(plain.training.corpus.sha256);
      // and goes on by the rules that it was begun with
      const resumed = await folder.run(['train', '--resume', '--steps', '5', '-q']);
      expect(resumed.stderr).toBe('');
      expect(resumed.status).toBe(0);
    }
  });

  test('a state from before there were such rules is resumed by the old ones', async () => {
    const folder = new Folder();
    const bytes = Buffer.from(text, 'utf16le');
    // as NULs between the letters, which is how such a text was read
    expect((await folder.train(bytes, '--encoding', 'utf-8')).status).toBe(0);
    const recorded = { encoding: 'utf-8', invalid: 'error', format: 'lines' };
    await changeReading(folder, undefined, recorded);
    const { status, stderr } = await folder.run(['train', '--resume', '--steps', '5', '-q']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test.each([
    ['an encoding that does not exist', { encoding: 'klingon', invalid: 'error', format: 'lines' }],
    ['an action that does not exist', { invalid: 'maybe', format: 'lines' }],
  ])('a state whose reading has %s is refused by its field', async (_, reading) => {
    const folder = await trained();
    await changeReading(folder, reading);
    const { status, stderr } = await folder.run(['train', '--resume', '--steps', '5']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/source: reading: (encoding|invalid) must be/);
  });

  test('of a folder it is said what was read and skipped; the model keeps it, without paths', async () => {
    const folder = new Folder();
    const write = (name: string, content: string | Uint8Array | Buffer) =>
      writeFileSync(join(folder.path, 'poems', name), content);
    mkdirSync(join(folder.path, 'poems'));
    write('a.txt', text);
    write('b.txt', utf16(text.replaceAll('bottles', 'glasses')));
    write('c.txt.gz', gzipSync(text.replace(/\d+ green/g, 'no white')));
    write('d.docx', Buffer.from('PK\x03\x04\x14\0word/document.xml', 'latin1'));
    const { stderr } = await folder.run(['train', 'poems', ...small]);
    expect(stderr).toContain('poems: 3 files read, 1 skipped: d.docx (a Word document)\n');
    const { corpus } = folder.json('charnn.json').training;
    expect(corpus).toMatchObject({
      files: 3,
      skipped: 1,
      skippedFiles: ['d.docx: a Word document'],
    });
    expect(JSON.stringify(corpus)).not.toContain(folder.path);
    const quiet = await folder.run(['train', 'poems', ...small, '-f', '--quiet']);
    expect(quiet.stderr).not.toContain('skipped');
    const resumed = await folder.run(['train', '--resume', '--steps', '5', '-q']);
    expect(resumed.status).toBe(0);
  });

  test.each<[string, Uint8Array | string, RegExp]>([
    ['an xz file', '\xfd7zXZ\0\0', /text\.txt is an xz file.*xz -d/],
    ['a Word document', 'PK\x03\x04\x14\0word/document.xml', /a Word document.*plain text/],
    ['a PDF', '%PDF-1.4\n\xe2\xe3', /a PDF document.*pdftotext/],
    [
      'KOI8-R',
      '\xf0\xd2\xc9\xd7\xc5\xd4\x2c\x20\xdc\xd4\xcf\x20\xd4\xc5\xcb\xd3\xd4\n',
      /koi8-r.*guess/,
    ],
    ['a stray byte', `${text}it\x92s\n`, /byte \d+ \(0x92\), in line \d+: .*--invalid replace/],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), /perhaps.*--encoding utf-16le/],
  ])('%s is refused in one line with the right advice', async (_, content, message) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    const { status, stderr, stdout } = await new Folder().train(bytes);
    expect(status).toBe(1);
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  test('a stray byte: --invalid replace and skip, for eval too', async () => {
    const folder = new Folder();
    const bytes = Buffer.from(`${text}it\x92s\n`, 'latin1');
    expect((await folder.train(bytes, '--invalid', 'replace')).status).toBe(0);
    expect(folder.json('charnn.json').vocabulary.symbols).toContain('\ufffd');
    expect((await folder.train(bytes, '--invalid', 'skip', '--force')).status).toBe(0);
    expect(folder.json('charnn.json').vocabulary.symbols).not.toContain('\ufffd');
    expect((await folder.run(['eval', 'text.txt'])).status).toBe(1);
    const { status, stdout } = await folder.run([
      'eval',
      'text.txt',
      '--invalid',
      'skip',
      '--json',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ characters: text.length + 4 - 1, unknown: 0 });
  });

  test('a validation text with a mark and CR LF is the text without them', async () => {
    const folder = new Folder();
    folder.write('plain.txt', verses(300));
    folder.write('windows.txt', utf16(verses(300).replaceAll('\n', '\r\n')));
    await folder.train(text, '--val-file', 'plain.txt', '-q');
    const { history } = folder.json('charnn.json');
    const { stderr } = await folder.train(text, '--val-file', 'windows.txt', '--force');
    expect(stderr).not.toContain('unknown');
    expect(folder.json('charnn.json').history).toEqual(history);
  });

  test.each([
    [['--encoding', 'no-such'], /--encoding must be an encoding such as .*"no-such"/],
    [['--encoding', 'utf-16le', '--unit', 'byte'], /--encoding is for texts of characters/],
    [['--text-column', 'a'], /--text-column needs a table/],
    [['--format', 'ndjson'], /needs --text-column/],
    [['--format', 'csv', '--text-column', 'no'], /no column no; its columns are /],
  ])('%j is wrong usage', async (options, message) => {
    const { status, stderr } = await new Folder().train('a,b\n1,2\n', ...options);
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});

describe('prompts, lists and filters', () => {
  test('a list with a mark and CR LF completes as one without', async () => {
    const folder = await trained();
    const complete = async (list: string | Uint8Array) => {
      folder.write('list.txt', list);
      return folder.run(['sample', '--complete', 'list.txt', '-l', '9', '--seed', '1', '--greedy']);
    };
    const { stdout, stderr } = await complete('5 green\n6 green\n');
    expect(stderr).toBe('');
    for (const list of ['\ufeff5 green\r\n6 green\r\n', utf16('5 green\r\n6 green\r\n')]) {
      expect(await complete(list)).toMatchObject({ stdout, stderr: '' });
    }
  });

  test('a prompt file too: neither its mark nor its carriage returns are echoed', async () => {
    const folder = await trained();
    const go = async (prompt: string | Uint8Array) => {
      folder.write('prompt.txt', prompt);
      return folder.run(['sample', '--prompt-file', 'prompt.txt', '-l', '9', '--seed', '1']);
    };
    const { stdout, stderr } = await go('1 green\n2 green');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^1 green\n2 green/);
    for (const prompt of ['\ufeff1 green\r\n2 green', utf16('1 green\r\n2 green')]) {
      expect(await go(prompt)).toMatchObject({ stdout, stderr: '' });
    }
  });

  test('score and which print a line as it was read, without mark and line end', async () => {
    const folder = await trained();
    folder.write('other.json', folder.read('charnn.json'));
    const lines = '5 green bottles\nit is wrong\n';
    const dresses = [
      `\ufeff${lines}`,
      lines.replaceAll('\n', '\r\n'),
      utf16(lines),
      gzipSync(lines),
    ];
    const scored = (await folder.run(['score'], lines)).stdout;
    expect(scored).toMatch(/^\d\.\d+\t5 green bottles\n\d\.\d+\tit is wrong\n$/);
    const perCharacter = (await folder.run(['score', '--per-char'], lines)).stdout;
    const whose = (await folder.run(['which', 'charnn.json', 'other.json'], lines)).stdout;
    for (const input of dresses) {
      expect((await folder.run(['score'], input)).stdout).toBe(scored);
      expect((await folder.run(['score', '--per-char'], input)).stdout).toBe(perCharacter);
      expect((await folder.run(['which', 'charnn.json', 'other.json'], input)).stdout).toBe(whose);
    }
  });

  test('score does not end at a stray byte, and writes it as it is', async () => {
    const folder = await trained();
    const bytes = Buffer.from('fine\nit\x92s\n', 'latin1');
    const { stdoutBytes, status } = await folder.run(['score'], bytes);
    expect(status).toBe(0);
    expect(stdoutBytes.includes(Buffer.from('\tit\x92s\n', 'latin1'))).toBe(true);
    const refused = await folder.run(['score', '--invalid', 'error'], bytes);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/line 2, is not valid UTF-8/);
  });

  test('score reads one column', async () => {
    const folder = await trained();
    const csv = 'id,text\r\n1,"green, ""bottles"""\r\n2,"two\r\nlines"\r\n';
    const options = ['--format', 'csv', '--text-column', 'text'];
    const { stdout } = await folder.run(['score', ...options], csv);
    expect(stdout.split('\n').map((line) => line.split('\t')[1])).toEqual([
      ...['green, "bottles"', 'two lines', undefined],
    ]);
    const json = '{"text":"green"}\n{"text":"bottles"}\n';
    const lines = await folder.run(['score', '--format', 'jsonl', '--text-column', 'text'], json);
    expect(lines.stdout).toBe((await folder.run(['score'], 'green\nbottles\n')).stdout);
  });

  test('novelty and --novel see through marks and CR LF', async () => {
    const folder = await trained();
    folder.write('windows.txt', utf16(text.replaceAll('\n', '\r\n')));
    const same = await folder.run(['novelty', 'text.txt', '--corpus', 'windows.txt', '--json']);
    const { new: shares } = JSON.parse(same.stdout);
    for (const { share } of shares) expect(share).toBe(0);
    const greedy = ['--greedy', '-l', '1', '-n', '1', '--seed', '1'];
    const novel = await folder.run(['sample', ...greedy, '--novel', 'windows.txt']);
    expect(novel.stdout).toBe('');
    expect(novel.stderr).toContain('were not new');
  });
});
