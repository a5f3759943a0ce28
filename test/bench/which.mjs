/**
 * How often `charnn which` is right: a model of each text, learnt from its first nine tenths, labels lines of
 * 80 characters or somewhat more from the last tenths. Without files, the texts are the messages of the
 * TypeScript compiler in eight languages of Latin script, and also each two of them by themselves.
 *
 *     node test/bench/which.mjs [text text ...]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOfProcess } from '../temporary-folder.mjs';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const require = createRequire(import.meta.url);
const folder = folderOfProcess('charnn-which-');
const most = 400;
const size = ['--hidden', '128', '--layers', '1', '--epochs', '2'];

function messages(language) {
  const path = require.resolve(`typescript-5.4/lib/${language}/diagnosticMessages.generated.json`);
  const all = Object.values(JSON.parse(readFileSync(path, 'utf8')));
  // a stride that shares no factor with their number visits each once, related ones far apart
  return { name: language, text: all.map((_, i) => all[(i * 997) % all.length]).join('\n') };
}

/** Whole words, at least 80 characters a line */
function linesOf(text) {
  const lines = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    line += `${line && ' '}${word}`;
    if (line.length < 80) continue;
    lines.push(line);
    line = '';
  }
  return lines;
}

const charnn = (args, input) =>
  execFileSync(process.execPath, [binary, ...args], { cwd: folder, input, encoding: 'utf8' });

const files = process.argv.slice(2);
const texts = files.length
  ? files.map((path) => ({ name: basename(path, '.txt'), text: readFileSync(path, 'utf8') }))
  : ['cs', 'de', 'es', 'fr', 'it', 'pl', 'pt-br', 'tr'].map(messages);

const heldOut = texts.map(({ name, text }) => {
  const lines = linesOf(text);
  const learnt = Math.floor(0.9 * lines.length);
  writeFileSync(join(folder, `${name}.txt`), `${lines.slice(0, learnt).join('\n')}\n`);
  charnn(['train', `${name}.txt`, '-o', `${name}.json`, '-q', ...size]);
  return { name, lines: lines.slice(learnt).slice(0, most) };
});

function rightOf(group) {
  const input = group.flatMap(({ lines }) => lines).join('\n');
  const labels = charnn(['which', ...group.map(({ name }) => `${name}.json`)], input).split('\n');
  const expected = group.flatMap(({ name, lines }) => lines.map(() => name));
  const right = expected.filter((name, i) => labels[i].startsWith(`${name}\t`)).length;
  return { lines: expected.length, share: right / expected.length };
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const all = rightOf(heldOut);
console.log(
  `${heldOut.map(({ name }) => name).join(' ')}: ${percent(all.share)} of ${all.lines} lines`,
);
let worst = all.share;
if (heldOut.length > 2) {
  const pairs = heldOut.flatMap((a, i) => heldOut.slice(i + 1).map((b) => [a, b]));
  for (const pair of pairs) {
    const { lines, share } = rightOf(pair);
    worst = Math.min(worst, share);
    console.log(`${pair.map(({ name }) => name).join(' ')}: ${percent(share)} of ${lines} lines`);
  }
}
process.exitCode = worst >= 0.95 ? 0 : 1;
