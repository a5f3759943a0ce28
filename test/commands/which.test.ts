/** `charnn which` in pipelines. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { Folder, verses } from './run.js';

const require = createRequire(import.meta.url);
/** The compiler's messages in another language, shuffled, joined to lines of 80 characters or more */
function messages(language: string): string[] {
  const path = require.resolve(`typescript-5.4/lib/${language}/diagnosticMessages.generated.json`);
  const all = Object.values<string>(JSON.parse(readFileSync(path, 'utf8')));
  const joined: string[] = [];
  let line = '';
  // a stride that shares no factor with their number visits each once, related ones far apart
  for (let i = 0; i < all.length; i++) {
    line += `${all[(i * 997) % all.length].replaceAll('\n', ' ')} `;
    if (line.length < 80) continue;
    joined.push(line.trimEnd());
    line = '';
  }
  return joined;
}

test('tells two languages apart on lines that it has not seen', async () => {
  const folder = new Folder();
  const heldOut: string[] = [];
  for (const language of ['de', 'fr']) {
    const all = messages(language);
    folder.write('text.txt', `${all.slice(150).join('\n')}\n`);
    const size = ['--hidden', '32', '--layers', '1', '--steps', '150', '--threads', '1'];
    await folder.run(['train', 'text.txt', '-o', `${language}.json`, ...size, '-q']);
    heldOut.push(...all.slice(0, 150));
  }
  const input = heldOut.join('\n');
  const { stdout, stderr } = await folder.run(['which', 'de.json', 'fr.json'], input);
  // a few letters of each language are not in the other's sample
  expect(stderr).toMatch(/^unknown characters: \d+ to [^\n]+\n$/);
  const answers = stdout.split('\n').slice(0, -1);
  expect(answers.map((answer) => answer.split('\t')[2])).toEqual(heldOut);
  const right = answers.filter((answer, i) => answer.startsWith(i < 150 ? 'de\t' : 'fr\t'));
  expect(right.length / answers.length).toBeGreaterThanOrEqual(0.95);
});

test('the margin is the difference of the costs in bits; equals tie at 0', async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '--steps', '40', '-q');
  await folder.train(verses(500).toUpperCase(), '-o', 'other.json', '-q');
  const line = 'Green Bottles';
  const cost = async (name: string) => {
    const { stdout } = await folder.run(['score', '-m', name], line);
    return Number(stdout.split('\t')[0]) * (line.length + 1);
  };
  const [a, b] = [await cost('charnn.json'), await cost('other.json')];
  const { stdout } = await folder.run(['which', 'charnn.json', 'other.json'], line);
  const [label, margin] = stdout.split('\t');
  expect(label).toBe(a < b ? 'charnn' : 'other');
  expect(Number(margin)).toBeCloseTo(Math.abs(a - b), 1);
  const tie = await folder.run(['which', 'charnn.json', './charnn.json'], line);
  expect(tie.stdout).toBe(`charnn.json\t0.00\t${line}\n`);
});

test('one model is nothing to compare', async () => {
  const { status, stderr } = await new Folder().run(['which', 'charnn.json'], 'a');
  expect([status, stderr]).toEqual([
    2,
    'charnn: which compares several models: name at least two\n',
  ]);
});
