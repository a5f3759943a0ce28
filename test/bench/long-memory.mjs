/**
 * Up to which lag do the cells learn? Trains every cell in the same way on texts in which a letter comes
 * back after a fixed lag (data/long-memory.mjs), and measures on new lines how well the letter that comes
 * back is predicted, and how far back the gradient reaches. Prints a table; with --readme it goes into
 * README.md.
 *
 *     node test/bench/long-memory.mjs [--lags 10,20,50,100] [--steps 2500] [--readme]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gradientFlow } from '#charnn/analyse/gradient-flow.js';
import { readText } from '#charnn/analyse/reading.js';
import { Arena } from '#charnn/backend/arena.js';
import { createBackend } from '#charnn/backend/select.js';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { Random } from '#charnn/model/random.js';
import { delayLine, longMemoryText } from '../../data/long-memory.mjs';

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string', default: 'rnn,gru,lstm' },
    lags: { type: 'string', default: '10,20,50,100' },
    steps: { type: 'string', default: '2500' },
    readme: { type: 'boolean', default: false },
  },
});
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'charnn-long-memory-'));
/** Gradients are compared at this lag, of the networks trained on that one. */
const far = 100;
const compared = 50;

const training = (cell) => [
  ...['--cell', cell, '--layers', '1', '--hidden', '64', '--embedding', '0'],
  ...['--seq-length', '128', '--batch-size', '32', '--steps', options.steps],
  ...['--optimizer', 'adamw', '--learning-rate', '0.004', '--schedule', 'constant'],
  ...['--dropout', '0', '--early-stop', '0', '--threads', '1', '--quiet', '--force'],
];

/** Lines of one delay, and where their questions are. */
function examination(model, lag) {
  const random = new Random(2);
  const text = Array.from({ length: 200 }, () => delayLine(random, lag)).join('');
  const questions = [...text.matchAll(/\?/g)].map(({ index }) => index);
  return { ids: model.vocabulary.encode(text).ids, questions };
}

/** Mean probability of the letters that come back. */
function recall(model, backend, lag) {
  const { ids, questions } = examination(model, lag);
  const V = model.config.vocabulary;
  const asked = new Set(questions);
  let sum = 0;
  readText(model, backend, ids, ({ rows, starts, lengths, logits }) => {
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
function gradientAt(model, backend, lag) {
  const { ids, questions } = examination(model, lag);
  const positions = questions.filter((at) => at >= lag);
  const flow = gradientFlow(backend, model.config, model.weights, ids, { lags: lag, positions });
  return flow.whole[lag - 1].mean;
}

const lags = options.lags.split(',').map(Number);
const cells = options.cells.split(',');
const results = [];
for (const lag of lags) {
  const corpus = join(folder, `${lag}.txt`);
  writeFileSync(corpus, longMemoryText('delay', { size: lag, lines: 10_000, seed: 1 }));
  for (const cell of cells) {
    const model = join(folder, `${cell}-${lag}.json`);
    const started = performance.now();
    execFileSync(process.execPath, [binary, 'train', corpus, ...training(cell), '-o', model]);
    const seconds = (performance.now() - started) / 1000;
    const trained = await readModel(model);
    const { backend } = createBackend('auto', new Arena());
    const result = {
      cell,
      lag,
      seconds,
      probability: recall(trained, backend, lag),
      gradient: gradientAt(trained, backend, far),
    };
    results.push(result);
    console.error(JSON.stringify(result));
  }
}
rmSync(folder, { recursive: true });

const table = [
  `| cell |${lags.map((lag) => ` lag ${lag} |`).join('')} gradient ${far} steps back |`,
  `|-|${lags.map(() => '-|').join('')}-|`,
  ...cells.map((cell) => {
    const own = results.filter((result) => result.cell === cell);
    const probabilities = own.map(({ probability }) => ` ${(100 * probability).toFixed(0)} % |`);
    const { gradient } = own.find(({ lag }) => lag === compared) ?? own[own.length - 1];
    return `| ${cell} |${probabilities.join('')} ${gradient.toExponential(1)} |`;
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
