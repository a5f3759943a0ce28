/**
 * How training scales over several machines: measured on this one, and predicted by a model of the cost.
 *
 *     node test/cluster/scaling.mjs                              the prediction for 2 to 64 machines
 *     node test/cluster/scaling.mjs --check 200mbit,1gbit        prediction and measurement for two hosts
 *     node test/cluster/scaling.mjs --sizes small --computing 60 --updating 15 --exchange 0.1,1
 *
 * The first two measure the time of a step in a single process, and the time of an exchange between two hosts, which
 * are namespaces of the network (see two-hosts.mjs), so they need root. The third one predicts from given figures:
 * milliseconds of a step and of the updates in it, milliseconds of an exchange, and nanoseconds that a processor takes
 * to send a byte.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { sizes } from '../../dist/train/length/preset.js';
import { folderOfProcess } from '../temporary-folder.mjs';
import { stepSeconds, trafficOf, updateShare } from './cost-model.mjs';
import { TwoHosts } from './two-hosts.mjs';

const { values: options } = parseArgs({
  options: {
    check: { type: 'string' },
    sizes: { type: 'string', default: 'small,medium' },
    rows: { type: 'string', default: '32' },
    mpi: { type: 'string', default: 'openmpi,mpich' },
    optimizer: { type: 'string', default: 'muon' },
    seconds: { type: 'string', default: '20' },
    threads: { type: 'string', default: '1' },
    computing: { type: 'string' },
    updating: { type: 'string' },
    exchange: { type: 'string' },
  },
});
const rows = Number(options.rows);
const threads = Number(options.threads);
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const timing = fileURLToPath(new URL('exchange-time.mjs', import.meta.url));
const folder = folderOfProcess('charnn-scaling-');
const run = promisify(execFile);
const vocabulary = 64;
const seqLength = 64;

/** A text of random letters: only its length and its vocabulary matter for the speed. */
function makeText() {
  let [state, text] = [1, ''];
  for (let i = 0; i < 1_000_000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += String.fromCharCode(0x30 + (state >>> 26));
  }
  return text;
}
writeFileSync(join(folder, 'text.txt'), makeText());

const modelOf = (size) => ({ cell: 'lstm', vocabulary, ...sizes[size] });
let runs = 0;

/** The command of a training run with so many rows */
function training(size, batchSize) {
  const { layers, hidden, embedding, residual, layerNorm } = sizes[size];
  return [
    ...['train', 'text.txt', '-o', `${runs++}.json`, '--json', '--no-samples', '--counts', '0'],
    ...['--layers', layers, '--hidden', hidden, '--embedding', embedding],
    ...(residual ? ['--residual'] : []),
    ...(layerNorm ? ['--layer-norm'] : []),
    ...['--optimizer', options.optimizer, '--batch-size', batchSize, '--seq-length', seqLength],
    ...['--threads', threads, '--time', `${options.seconds}s`, '--eval-every', '1000000'],
    ...['--val-chars', '1000', '--dropout', '0'],
  ].map(String);
}

/** Seconds of a step, by the reports of progress after the first seconds */
function stepOf(output) {
  const events = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ type, secondsElapsed }) => type === 'progress' && secondsElapsed > 1.5);
  const [first, last] = [events[0], events.at(-1)];
  return (last.secondsElapsed - first.secondsElapsed) / (last.step - first.step);
}

/** Seconds of a step in one process, while another one computes the same, as both hosts share this machine */
async function aloneSeconds(size, batchSize, together) {
  const steps = await Promise.all(
    Array.from({ length: together }, async () => {
      const { stdout } = await run(process.execPath, [binary, ...training(size, batchSize)], {
        cwd: folder,
        maxBuffer: 2 ** 28,
      });
      return stepOf(stdout);
    }),
  );
  return Math.max(...steps);
}

/** The cost of a step with these rows: twice the rows take as much longer as forward and backward pass take. */
async function costOf(size, batchSize, together) {
  const seconds = await aloneSeconds(size, batchSize, together);
  const twice = await aloneSeconds(size, 2 * batchSize, together);
  return { seconds, updating: Math.min(seconds, Math.max(0, 2 * seconds - twice)) };
}

async function onHosts(hosts, launcher, program) {
  const { command, args, environment } = hosts.commandLine(launcher, program);
  const { stdout } = await run(command, args, {
    ...{ cwd: folder, maxBuffer: 2 ** 28 },
    env: { ...process.env, ...environment },
  });
  return stdout;
}

const exchangeOf = async (hosts, launcher) =>
  JSON.parse(await onHosts(hosts, launcher, [process.execPath, timing]));

const ms = (seconds) => (1000 * seconds).toFixed(seconds < 0.001 ? 3 : 1);
const bitsPerSecond = (rate) => {
  const [, number, unit] = /^([\d.]+)([mg])bit$/.exec(rate);
  return Number(number) * (unit === 'g' ? 1e9 : 1e6);
};

/** Prediction and measurement for two hosts with half of the rows each */
async function check(rates) {
  for (const launcher of options.mpi.split(',')) {
    for (const size of options.sizes.split(',')) {
      const hosts = new TwoHosts();
      try {
        const exchange = await exchangeOf(hosts, launcher);
        const cost = await costOf(size, rows / 2, 2);
        const which = [modelOf(size), options.optimizer, 2];
        const traffic = trafficOf(...which);
        const megabytes = (traffic.reduce((a, b) => a + b, 0) / 1e6).toFixed(1);
        console.log(
          `${launcher}, ${size}: ${megabytes} MB a step, ${ms(cost.seconds)} ms of computing, exchange ${ms(exchange.latency)} ms + ${(1e9 * exchange.secondsPerByte).toFixed(2)} ns/byte`,
        );
        for (const rate of rates) {
          hosts.shape(rate);
          const network = { ...exchange, bandwidth: bitsPerSecond(rate) };
          const predicted = stepSeconds(cost, updateShare(...which), traffic, network);
          const program = [process.execPath, binary, ...training(size, rows)];
          const measured = stepOf(await onHosts(hosts, launcher, program));
          const error = 100 * (predicted / measured - 1);
          console.log(
            `  ${rate}: predicted ${ms(predicted)} ms, measured ${ms(measured)} ms (${error > 0 ? '+' : ''}${error.toFixed(0)} %)`,
          );
        }
      } finally {
        hosts.remove();
      }
    }
  }
}

/** Figures that were given, or those that are measured */
async function exchangeFigures() {
  if (options.exchange) {
    const [latency, sending] = options.exchange.split(',').map(Number);
    return { latency: latency / 1e3, secondsPerByte: sending / 1e9 };
  }
  const hosts = new TwoHosts();
  const [launcher] = options.mpi.split(',');
  return exchangeOf(hosts, launcher).finally(() => hosts.remove());
}

async function costFigures(size) {
  if (options.computing === undefined) return costOf(size, rows, 1);
  const [seconds, updating] = [options.computing, options.updating].map((x) => Number(x) / 1000);
  return { seconds, updating };
}

/** A table for each size: the speed of n machines with `rows` rows each, in multiples of that of one */
async function predict() {
  const exchange = await exchangeFigures();
  const machines = [2, 4, 8, 16, 32, 64];
  const sending = (1e9 * exchange.secondsPerByte).toFixed(2);
  console.log(`an exchange takes ${ms(exchange.latency)} ms, sending ${sending} ns/byte`);
  for (const size of options.sizes.split(',')) {
    const cost = await costFigures(size);
    const step = `${ms(cost.seconds)} ms a step, of which ${ms(cost.updating)} ms update`;
    console.log(`\n${size}, ${rows} rows a machine, ${step}`);
    console.log(`| network | ${machines.join(' | ')} |\n|-|${machines.map(() => '-').join('|')}|`);
    for (const gigabits of [1, 10, 100]) {
      const network = { ...exchange, bandwidth: gigabits * 1e9 };
      const cells = machines.map((n) => {
        const which = [modelOf(size), options.optimizer, n];
        const step = stepSeconds(cost, updateShare(...which), trafficOf(...which), network);
        return ((n * cost.seconds) / step).toFixed(1);
      });
      console.log(`| ${gigabits} Gbit/s | ${cells.join(' | ')} |`);
    }
  }
}

if (options.check) await check(options.check.split(','));
else await predict();
