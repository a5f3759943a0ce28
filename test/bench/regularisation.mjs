/**
 * What dropout and the moving average of the weights cost: training with each of them beside training
 * with neither, in one process and turn by turn, so that whatever else the machine does is met by all.
 *
 *     node test/bench/regularisation.mjs [threads] [rounds] [optimizer] [backend]
 *
 * Prints, for 1 × 128 and 2 × 256 on chunks of 32 × 64, the median speed and, against the plain training
 * of the same round, the median of the ratios and their quartiles.
 */
import { openDevice } from '../../dist/backend/open-device.js';
import { initialValues, parameterTable } from '../../dist/model/parameters.js';
import { withDefaults } from '../../dist/options/table.js';
import { Replicas } from '../../dist/train/replicas/replica-group.js';
import { trainingRows } from '../../dist/train/schema/training-rows.js';
import { plainTraining } from '../../dist/train/train-config.js';

const [threads = 2, rounds = 25] = process.argv.slice(2, 4).map(Number);
const [optimizer = 'muon', backendName = 'auto'] = process.argv.slice(4);
const [V, B, T] = [65, 32, 64];
/** Of one turn of one training */
const seconds = 0.15;

const { beta1, beta2, alpha, momentum, epsilon, weightDecay } = withDefaults(trainingRows, {
  optimizer,
});
const optimizerConfig = { optimizer, beta1, beta2, alpha, momentum, epsilon, weightDecay };
const variants = {
  plain: {},
  average: { average: 0.995 },
  dropout: { dropout: 0.3 },
  'dropout, locked': { dropout: 0.3, dropoutMask: 'locked' },
  'dropout and average': { dropout: 0.3, average: 0.995 },
  'dropout, average and weight drop': { dropout: 0.3, average: 0.995, weightDrop: 0.2 },
};

const random = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const uniform = random(1);
const train = Uint8Array.from({ length: 8 * B * T + 1 }, () => uniform() * V);
const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.floor(q * (list.length - 1))];

async function start(model, variant) {
  const device = await openDevice(backendName);
  const { operations: backend, kind: name } = device;
  const config = { ...plainTraining, batchSize: B, seqLength: T, threads, backend: name };
  const texts = { train, validation: new Uint8Array(0) };
  const full = { ...config, ...optimizerConfig, ...variant };
  const replicas = await Replicas.start(device, model, full, texts);
  const values = initialValues(parameterTable(model), 1);
  backend.write(replicas.weights, values);
  if (replicas.ema) backend.write(replicas.ema, values);
  let step = 0;
  const secondsOf = async (steps) => {
    const started = performance.now();
    await replicas.run(step, new Float64Array(steps).fill(1e-3));
    step += steps;
    return (performance.now() - started) / 1e3 / steps;
  };
  await secondsOf(3);
  return { secondsOf, close: () => replicas.close(), backend: backend.name };
}

for (const [layers, hidden, embedding] of [
  [1, 128, 64],
  [2, 256, 128],
]) {
  const model = { cell: 'lstm', layers, hidden, embedding, vocabulary: V };
  const trainings = [];
  for (const variant of Object.values(variants)) trainings.push(await start(model, variant));
  const steps = Math.ceil(seconds / (await trainings[0].secondsOf(3)));
  const times = trainings.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, training] of trainings.entries()) times[i].push(await training.secondsOf(steps));
  }
  const { backend } = trainings[0];
  console.log(
    `\n${layers} × ${hidden}, ${optimizer}, ${threads} threads, ${backend}, ${rounds} rounds\n`,
  );
  console.log('| | characters a second | against plain | quartiles |\n|-|-|-|-|');
  for (const [i, name] of Object.keys(variants).entries()) {
    const ratios = times[i].map((time, round) => times[0][round] / time);
    const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => quantile(ratios, q).toFixed(3));
    const speed = Math.round((B * T) / quantile(times[i], 0.5));
    console.log(`| ${name} | ${speed.toLocaleString('en')} | ${middle} | ${low} – ${high} |`);
  }
  for (const training of trainings) await training.close();
}
