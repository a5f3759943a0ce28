/**
 * Memory of the library's calls: `node test/library/calls.mjs KIND COUNT [BEFORE]` repeats one kind of call and prints,
 * as JSON, the median resident size of the second tenth and of the last tenth of the calls, in bytes. As many
 * calls as BEFORE says come first: while code is compiled and the heap finds its size, memory grows.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Corpus, Model, train } from '../../dist/bundle/index.js';
import { folderOfProcess } from '../temporary-folder.mjs';

const [kind, given, before = '0'] = process.argv.slice(2);
const count = Number(given);
const folder = folderOfProcess('charnn-calls-');

const text = 'It is not down in any map; true places never are. '.repeat(60);
const file = join(folder, 'text.txt');
writeFileSync(file, text);
const path = join(folder, 'model.json');
const isLarge = kind === 'load';
const sizes = isLarge ? { layers: 2, hidden: 450, embedding: 128 } : { layers: 1, hidden: 64 };
const trained = await train(await Corpus.from(text), {
  ...{ steps: 1, threads: 1, batchSize: 2, seqLength: 8, saveTo: path, ...sizes },
});
await trained.close();
const model = isLarge ? undefined : await Model.load(path);

const calls = {
  async sample() {
    for await (const drawn of model.sample()) if (!drawn) throw drawn;
  },
  async short() {
    for await (const drawn of model.sample({ count: 1, length: 100 })) if (!drawn) throw drawn;
  },
  async evaluate() {
    await model.evaluate(file);
  },
  async text() {
    await model.evaluateText(text);
  },
  async load() {
    const loaded = await Model.load(path);
    if (loaded.parameters < 2.5e6) throw new Error(`only ${loaded.parameters} parameters`);
    await loaded.evaluateText('a text');
    await loaded.close();
  },
};

/**
 * Collects what nothing refers to any more, and waits until its memory is given back: a thread of V8's does that after
 * the collector has returned.
 */
async function collected() {
  for (let i = 0; i < 2; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (let i = 0; i < Number(before); i++) await calls[kind]();
const tenth = Math.floor(count / 10);
const sizesByCall = [];
for (let i = 0; i < count; i++) {
  await calls[kind]();
  // with --expose-gc it is what calls hold, without it garbage counts too
  // memory is given back a while after it is free, so the calls before those that are measured are treated like them
  const isNearMeasured = (i >= tenth - 3 && i < 2 * tenth) || i >= count - tenth - 3;
  if (isNearMeasured && globalThis.gc) await collected();
  else globalThis.gc?.();
  sizesByCall.push(process.memoryUsage.rss());
}
await model?.close();

const median = (list) => list.slice().sort((a, b) => a - b)[list.length >> 1];
const second = median(sizesByCall.slice(tenth, 2 * tenth));
const last = median(sizesByCall.slice(-tenth));
console.log(JSON.stringify({ second, last, growth: last / second - 1 }));
