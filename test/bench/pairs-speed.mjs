/**
 * charnn and PyTorch side by side on pairs, in alternating rounds: the same network (bidirectional LSTM, attention) is
 * trained on the same pronunciations in batches made by the same rule, with Adam, and then converts the same words.
 *
 *     node test/bench/pairs-speed.mjs --python DIR/bin/python [--hidden 256] [--steps 200] [--rounds 5]
 *
 * PyTorch's number of threads, and the size of its batches in converting, are the best ones in a first round. `--learn
 * 3000` is the number of steps that the model learns before it converts: without them its answers would not end.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readAnyModel } from '#charnn/checkpoint/model-file.js';
import { PairText } from '#charnn/convert/pair-text.js';
import { codingOf } from '#charnn/text/pair-coding.js';
import { folderOfProcess } from '../temporary-folder.mjs';
import { asLines, randomFrom, tasks } from './pair-data.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    hidden: { type: 'string', default: '256' },
    steps: { type: 'string', default: '200' },
    learn: { type: 'string', default: '3000' },
    words: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
  },
});
const [hidden, steps, rounds] = [options.hidden, options.steps, options.rounds].map(Number);
const batch = 64;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = folderOfProcess('charnn-pairs-speed-');

function charnn(args, input) {
  return execFileSync(process.execPath, [path('../../bin/charnn.js'), ...args], {
    ...{ cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 30, input },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

const shape = [
  ...['--pairs', '--layers', '1', '--hidden', options.hidden, '--embedding', '64'],
  ...['--batch-size', `${batch}`, '--dropout', '0', '--force'],
];
const { train } = tasks.cmudict(folder, randomFrom(1));
writeFileSync(join(folder, 'train.tsv'), [...asLines(train)].join(''));
charnn(['train', 'train.tsv', ...shape, '--steps', options.learn, '-q', '-o', 'model.json']);
const model = await readAnyModel(join(folder, 'model.json'));
const weights = join(folder, 'weights');
writeFileSync(weights, Buffer.from(Float32Array.from(model.weights).buffer));

const { vocabulary } = model;
const coding = codingOf(model.text);
const idsOf = (side, text) => Array.from(vocabulary.encode(coding.encode(side, text)).ids);
const words = [...new Set(train.map(([word]) => word))].slice(0, Number(options.words));
const common = {
  ...{ vocabulary: model.config.vocabulary, embedding: 64, hidden },
  ...{ tab: vocabulary.id(0x09), newline: vocabulary.id(0x0a) },
};
const requests = {
  train: {
    mode: 'train',
    pairs: train.map((pair) => pair.map((text, i) => idsOf(i ? 'target' : 'source', text))),
  },
  convert: { mode: 'convert', sources: words.map((word) => idsOf('source', word)), weights },
};

function torch(mode, settings) {
  const file = join(folder, 'request.json');
  writeFileSync(file, JSON.stringify({ ...common, ...requests[mode], batch, steps, ...settings }));
  const script = path('pytorch_pairs_speed.py');
  return JSON.parse(
    execFileSync(options.python, [script, file], { encoding: 'utf8', maxBuffer: 2 ** 30 }),
  );
}

/** Steps per second, without those before the first report, in which code is compiled */
function charnnSteps(precision) {
  const length = ['--steps', `${3 * steps}`, '--eval-every', `${3 * steps}`, '--optimizer', 'adam'];
  const log = charnn([
    ...['train', 'train.tsv', ...shape, ...length, '--precision', precision, '--json'],
    ...['--val-frac', '0.001', '-o', 'timed.json'],
  ]);
  const events = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const progress = events.filter(({ type }) => type === 'progress');
  const [first, last] = [progress[0], progress.at(-1)];
  return (last.step - first.step) / (last.secondsElapsed - first.secondsElapsed);
}

/** Words per second, without the start of the process */
function charnnWords(...more) {
  const seconds = (list) => {
    const start = performance.now();
    const answers = charnn(['convert', '-q', '-m', 'model.json', ...more], `${list.join('\n')}\n`);
    return [(performance.now() - start) / 1000, answers];
  };
  const [start] = seconds(words.slice(0, 1));
  const [all, answers] = seconds(words);
  return { perSecond: words.length / (all - start), answers: answers.trimEnd().split('\n') };
}

const counts = cpus().length > 1 ? [1, cpus().length] : [1];
const bestOf = (mode, precision, batches) =>
  counts
    .flatMap((threads) => batches.map((size) => ({ precision, threads, batch: size })))
    .map((settings) => ({ settings, ...torch(mode, settings) }))
    .sort((a, b) => b.perSecond - a.perSecond)[0];

const precisions = ['f32', 'bf16'];
const best = Object.fromEntries(
  precisions.map((precision) => [
    precision,
    {
      train: bestOf('train', precision, [batch]),
      convert: bestOf('convert', precision, [64, 256, 1024]),
    },
  ]),
);
const pairText = new PairText(model);
const written = best.f32.convert.targets.map((ids) => Buffer.from(pairText.write(ids)).toString());
const own = charnnWords().answers;
const equal = written.filter((text, i) => text === own[i]).length;
console.log(
  `PyTorch ${best.f32.train.version}: ${((100 * equal) / words.length).toFixed(2)} % of its answers are those of charnn`,
);

const speeds = {};
const add = (name, value) => {
  speeds[name] = [...(speeds[name] ?? []), value];
};
for (let round = 0; round < rounds; round++) {
  for (const precision of precisions) {
    add(`train charnn ${precision}`, charnnSteps(precision));
    const { train: trained, convert } = best[precision];
    add(`train PyTorch ${precision}`, torch('train', trained.settings).perSecond);
    add(`convert PyTorch ${precision}`, torch('convert', convert.settings).perSecond);
  }
  add('convert charnn greedy', charnnWords().perSecond);
  add('convert charnn beam of 5', charnnWords('--beam', '5').perSecond);
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
for (const [name, list] of Object.entries(speeds)) {
  const [least, most] = [Math.min(...list), Math.max(...list)].map((x) => x.toPrecision(3));
  console.log(`${name}: ${median(list).toPrecision(3)} per second (${least} – ${most})`);
}
const of = (name) => median(speeds[name]);
const inTraining = (name) => of(`train ${name}`);
const bestTraining = Math.max(...precisions.map((p) => inTraining(`PyTorch ${p}`)));
const bestConverting = Math.max(...precisions.map((p) => of(`convert PyTorch ${p}`)));
const ratios = {
  'training, fp32 to fp32': inTraining('charnn f32') / inTraining('PyTorch f32'),
  'training, bf16 to the best of PyTorch': inTraining('charnn bf16') / bestTraining,
  'greedy converting to the best of PyTorch': of('convert charnn greedy') / bestConverting,
  'a beam of 5 to greedy': of('convert charnn beam of 5') / of('convert charnn greedy'),
};
for (const [name, ratio] of Object.entries(ratios)) console.log(`${name}: ${ratio.toFixed(2)}`);
for (const precision of precisions) {
  const { train: trained, convert } = best[precision];
  console.log(
    `PyTorch ${precision}: training on ${trained.settings.threads} threads, converting on ${convert.settings.threads} in batches of ${convert.settings.batch}`,
  );
}
console.log(`load ${loadavg()[1].toFixed(1)}`);
