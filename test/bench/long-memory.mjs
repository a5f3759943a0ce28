/**
 * Up to which lag do the cells learn? Trains every cell in the same way on texts in which a letter comes
 * back after a fixed lag (data/long-memory.mjs), and measures on new lines how well the letter that comes
 * back is predicted, and how far back the gradient reaches. With --readme the table goes into README.md.
 *
 *     node test/bench/long-memory.mjs [--lags 10,20,50,100] [--seeds 1,2,3] [--steps 2500] [--readme]
 *
 * Options after `--` go to every training. A result a line is printed as it comes, the table has the
 * medians over the seeds.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readText } from '#charnn/analyse/activations.js';
import { gradientFlow } from '#charnn/analyse/gradient-flow.js';
import { openDevice } from '#charnn/backend/open-device.js';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { Random } from '#charnn/model/random.js';
import { delayLine, longMemoryText } from '../../data/long-memory.mjs';
import { makeFolder } from '../temporary-folder.mjs';

const { values: options, positionals: more } = parseArgs({
  allowPositionals: true,
  options: {
    cells: { type: 'string', default: 'rnn,gru,lstm' },
    lags: { type: 'string', default: '10,20,50,100' },
    seeds: { type: 'string', default: '1,2,3' },
    steps: { type: 'string', default: '2500' },
    readme: { type: 'boolean', default: false },
  },
});
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const folder = makeFolder('charnn-long-memory-');
/** Gradients are compared at this lag, of the networks trained on that one. */
const far = 100;
const compared = 50;

const training = (cell, seed) => [
  ...['--cell', cell, '--layers', '1', '--hidden', '64', '--embedding', '0'],
  ...['--seq-length', '128', '--batch-size', '32', '--steps', options.steps],
  ...['--dropout', '0', '--early-stop', '0', '--threads', '1', '--quiet', '--force'],
  ...['--seed', seed, ...more],
];

/** Lines of one delay, and where their questions are. */
function examination(model, lag) {
  const random = new Random(2);
  const text = Array.from({ length: 200 }, () => delayLine(random, lag)).join('');
  const questions = [...text.matchAll(/\?/g)].map(({ index }) => index);
  return { ids: model.vocabulary.encode(text).ids, questions };
}

/** Mean probability of the letters that come back. */
async function recall(model, backend, lag) {
  const { ids, questions } = examination(model, lag);
  const V = model.config.vocabulary;
  const asked = new Set(questions);
  let sum = 0;
  await readText(model, backend, ids, ({ rows, starts, lengths, logits }) => {
    starts.forEach((start, row) => {
      for (let t = 0; t < lengths[row]; t++) {
        if (!asked.has(start + t)) continue;
        const scores = logits.subarray((t * rows + row) * V, (t * rows + row + 1) * V);
        const answer = scores[ids[start + t + 1]];
        sum += 1 / scores.reduce((total, x) => total + Math.exp(x - answer), 0);
      }
    });
  });
  return sum / questions.length;
}

/** Norm of the gradient of the answer's loss, w.r.t. the state that has just read the letter. */
async function gradientAt(model, backend, lag) {
  const { ids, questions } = examination(model, lag);
  const positions = questions.filter((at) => at >= lag);
  const flow = await gradientFlow(backend, model.config, model.weights, ids, {
    lags: lag,
    positions,
  });
  return flow.whole[lag - 1].mean;
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [Math.floor, Math.ceil].map(
    (round) => sorted[round((sorted.length - 1) / 2)],
  );
  return (low + high) / 2;
};

const lags = options.lags.split(',').map(Number);
const cells = options.cells.split(',');
const seeds = options.seeds.split(',');
const results = [];
for (const [seed, lag, cell] of seeds.flatMap((seed) =>
  lags.flatMap((lag) => cells.map((cell) => [seed, lag, cell])),
)) {
  const corpus = join(folder, `${lag}.txt`);
  writeFileSync(corpus, longMemoryText('delay', { size: lag, lines: 10_000, seed: Number(seed) }));
  const model = join(folder, `${cell}-${lag}.json`);
  const started = performance.now();
  execFileSync(process.execPath, [binary, 'train', corpus, ...training(cell, seed), '-o', model]);
  const seconds = Math.round((performance.now() - started) / 1000);
  const trained = await readModel(model);
  const device = await openDevice();
  const result = {
    ...{ cell, lag, seed, seconds },
    probability: await recall(trained, device.operations, lag),
    gradient: await gradientAt(trained, device, far),
  };
  device.close();
  results.push(result);
  console.error(JSON.stringify(result));
}
rmSync(folder, { recursive: true });

const summary = (cell, lag, key) =>
  median(
    results.filter((one) => one.cell === cell && one.lag === lag).map(({ [key]: value }) => value),
  );
const gradientLag = lags.includes(compared) ? compared : lags[lags.length - 1];
const table = [
  `| cell |${lags.map((lag) => ` lag ${lag} |`).join('')} gradient ${far} steps back |`,
  `|-|${lags.map(() => '-|').join('')}-|`,
  ...cells.map((cell) => {
    const recalled = lags.map(
      (lag) => ` ${(100 * summary(cell, lag, 'probability')).toFixed(0)} % |`,
    );
    const gradient = summary(cell, gradientLag, 'gradient').toExponential(1);
    return `| ${cell} |${recalled.join('')} ${gradient} |`;
  }),
].join('\n');
console.log(table);
if (options.readme) {
  const readme = new URL('../../README.md', import.meta.url);
  const text = readFileSync(readme, 'utf8');
  const [start, end] = ['<!-- long-memory -->\n', '\n<!-- /long-memory -->'];
  const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
  writeFileSync(readme, text.slice(0, from) + table + text.slice(to));
}
