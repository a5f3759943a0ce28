/**
 * Short messages of one kind, each compressed for itself: entries of the changelogs of Debian packages that are
 * installed here. A model is trained on entries of other packages; zstd has dictionaries made of the same
 * text. Every message is restored, and the bytes of each program are summed.
 *
 *     node test/bench/messages.mjs [--time 3m] [--model FILE]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Model } from '#charnn/index.js';
import { Random } from '#charnn/model/random.js';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const { values } = parseArgs({
  options: { time: { type: 'string', default: '3m' }, model: { type: 'string' } },
});
const messageCount = 100;
const trainingCharacters = 2.3e6;
/** Every so many packages one is kept from training. */
const heldOut = 12;

/** @returns the entries of all changelogs that differ: those to learn from, and the others */
function entries() {
  const documents = '/usr/share/doc';
  const texts = new Map();
  for (const name of readdirSync(documents)) {
    const path = join(documents, name, 'changelog.Debian.gz');
    if (!existsSync(path)) continue;
    const text = gunzipSync(readFileSync(path)).toString('utf8');
    // packages of one source have the same changelog
    texts.set(text.slice(0, 300), text);
  }
  const parts = { learnt: [], others: [] };
  [...texts.values()].forEach((text, i) => {
    const list = text.split(/\n(?=\S+ \([^)]*\) )/).map((entry) => `${entry.trimEnd()}\n`);
    parts[i % heldOut === 0 ? 'others' : 'learnt'].push(...list);
  });
  return parts;
}

function shuffled(list, seed) {
  const random = new Random(seed);
  for (let i = list.length - 1; i > 0; i--) {
    const k = Math.floor(random.uniform() * (i + 1));
    [list[i], list[k]] = [list[k], list[i]];
  }
  return list;
}

const { learnt, others } = entries();
const messages = shuffled(others, 1)
  .filter((entry) => entry.length > 60 && Buffer.byteLength(entry) < 1000)
  .slice(0, messageCount)
  .map((entry) => Buffer.from(entry));
const training = [];
let characters = 0;
for (const entry of shuffled(learnt, 2)) {
  if (entry.length > 3000 || characters > trainingCharacters) continue;
  training.push(entry);
  characters += entry.length;
}

const folder = mkdtempSync(join(tmpdir(), 'charnn-messages-'));
try {
  const trained = values.model ?? join(folder, 'model.json');
  if (values.model === undefined) {
    writeFileSync(join(folder, 'text.txt'), training.join('\n'));
    const options = ['--time', values.time, '-o', trained, '--quiet'];
    execFileSync(process.execPath, [binary, 'train', join(folder, 'text.txt'), ...options]);
  }
  const sum = (list) => list.reduce((total, { length }) => total + length, 0);
  const report = (name, list) => {
    const share = ((100 * sum(list)) / sum(messages)).toFixed(1);
    console.log(`${name}: ${sum(list)} bytes, ${share} % of ${sum(messages)}`);
  };

  const model = await Model.load(trained);
  const files = [];
  for (const message of messages) files.push(await model.compress(message));
  await model.close();
  const elsewhere = await Model.load(trained, { backend: 'wasm' });
  for (const [i, file] of files.entries()) {
    const restored = Buffer.from(await elsewhere.decompress(file));
    if (!restored.equals(messages[i])) throw new Error(`message ${i} comes back as another one`);
  }
  await elsewhere.close();
  report('charnn', files);

  const samples = training.map((_, i) => join(folder, `${i}.entry`));
  for (const [i, sample] of samples.entries()) writeFileSync(sample, training[i]);
  for (const size of ['110KB', '220KB']) {
    const dictionary = join(folder, `dictionary-${size}`);
    const options = ['-q', '--train', `--maxdict=${size}`, '-o', dictionary];
    if (spawnSync('zstd', [...options, ...samples]).status !== 0) continue;
    const zstd = messages.map((input) =>
      execFileSync('zstd', ['-19', '-q', '-c', '--no-check', '-D', dictionary], { input }),
    );
    report(`zstd -19 with a dictionary of ${size}`, zstd);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
