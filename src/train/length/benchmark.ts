/**
 * Timing on this machine: training iterations as `train` runs them, on the same replicas and threads, and generation
 * one character at a time. The command's defaults are those of the torch-rnn benchmark.
 */
import { type Backend, isPending } from '../../backend/backend.js';
import type { BackendName, Device, Precision } from '../../backend/device.js';
import { openDevice } from '../../backend/open-device.js';
import { cellOf } from '../../model/cells/cells.js';
import { loadNetwork } from '../../model/load.js';
import { architectureFlags, type ModelConfig } from '../../model/model-config.js';
import { initialValues, parameterTable } from '../../model/parameters.js';
import { Random } from '../../model/random.js';
import { newIds } from '../../text/ids.js';
import { OperationTimes } from '../replicas/operation-times.js';
import { Replicas } from '../replicas/replica-group.js';
import { plainTraining, type TrainConfig } from '../train-config.js';
import { profileOf, type TrainingProfile } from './training-profile.js';

export interface BenchmarkOptions extends ModelConfig {
  readonly batchSize: number;
  readonly seqLength: number;
  readonly threads: number;
  readonly backend: BackendName;
  /** The number format of matrix products; float32 by default */
  readonly precision?: Precision;
  readonly iterations: number;
  /** Whether to measure where the training time goes */
  readonly profile?: boolean;
  /** The optimiser's settings to time; Adam by default */
  readonly training?: Partial<TrainConfig>;
}

export interface BenchmarkResult {
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly threads: number;
  readonly backend: string;
  /** Median duration of one training iteration, in milliseconds */
  readonly ms: number;
  readonly charsPerSecond: number;
  /**
   * Floating-point operations in matrix products, in 10⁹ per second: for each character, 6 times the multiply-adds of
   * all weight matrices, once forward and twice backward, two operations each
   */
  readonly gflops: number;
  readonly generateCharsPerSecond: number;
  readonly profile?: TrainingProfile;
}

/** Measures how fast a network of one configuration is trained and generates text. */
export async function benchmark(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { cell, layers, hidden, batchSize, seqLength } = options;
  const model = modelOf(options);
  const { seconds, backend } = await timeTraining(model, options);
  const characters = batchSize * seqLength;
  return {
    cell,
    layers,
    hidden,
    threads: options.threads,
    backend,
    ms: seconds * 1e3,
    charsPerSecond: characters / seconds,
    gflops: (6 * multiplyAdds(model) * characters) / seconds / 1e9,
    generateCharsPerSecond: await timeGeneration(model, options),
    ...(options.profile && { profile: await profileTraining(model, options) }),
  };
}

function modelOf(options: BenchmarkOptions): ModelConfig {
  const { cell, equations, layers, hidden, embedding, vocabulary } = options;
  return {
    ...{ cell, layers, hidden, embedding, vocabulary },
    ...(equations !== undefined && { equations }),
    ...architectureFlags(options),
  };
}

/** Multiply-adds of all weight matrices for one character, including the first layer's input product. */
export function multiplyAdds(config: ModelConfig): number {
  const { layers, hidden, embedding, vocabulary } = config;
  const { gates, unitNames } = cellOf(config);
  let total = hidden * vocabulary;
  for (let l = 0; l < layers; l++) {
    const input = l > 0 ? hidden : embedding > 0 ? embedding : vocabulary;
    total += hidden * (gates * input + unitNames.length * hidden);
  }
  return total;
}

/** Measures the training speed in characters per second, from a few iterations. */
export async function trainingSpeed(options: BenchmarkOptions): Promise<number> {
  const { batchSize, seqLength } = options;
  const { seconds } = await timeTraining(modelOf(options), options);
  return (batchSize * seqLength) / seconds;
}

/** Limits of timing: max and min number of runs, and about the min seconds of each run */
const maxRuns = 10;
const minRuns = 5;
const minRunSeconds = 0.05;

async function timeTraining(
  model: ModelConfig,
  options: BenchmarkOptions,
): Promise<{ seconds: number; backend: string }> {
  return onReplicas(model, options, async (secondsOf, { name: backend }) => {
    await secondsOf(1);
    const one = await secondsOf(1);
    // a run is as long as in training, so that the message which starts it takes a negligible share of the time
    const runLength = Math.ceil(Math.max(options.iterations / maxRuns, minRunSeconds / one));
    const runs = Math.max(minRuns, Math.ceil(options.iterations / runLength));
    const times: number[] = [];
    while (times.length < runs) times.push(await secondsOf(runLength));
    return { seconds: median(times), backend };
  });
}

/** Seconds that a profile measures the peak speed, and about the seconds that it trains, for at least two iterations */
const profileSeconds = 1;

async function profileTraining(
  model: ModelConfig,
  options: BenchmarkOptions,
): Promise<TrainingProfile> {
  const threads = replicasOf(options);
  const times = new OperationTimes(threads);
  const work = async (secondsOf: (iterations: number) => Promise<number>, { meter }: Device) => {
    const peak = meter?.peak(profileSeconds);
    await secondsOf(1);
    const one = await secondsOf(1);
    const iterations = Math.max(2, Math.ceil(profileSeconds / one));
    times.clear();
    meter?.start();
    const seconds = iterations * (await secondsOf(iterations));
    return profileOf(times, seconds * threads, meter?.stop(), peak);
  };
  return onReplicas(model, options, work, times);
}

/**
 * Does some work with the replicas of a training run.
 * @param work receives a function that trains for a number of iterations and returns the seconds of one
 * @param times where the replicas record how long their operations take
 */
async function onReplicas<T>(
  model: ModelConfig,
  options: BenchmarkOptions,
  work: (secondsOf: (iterations: number) => Promise<number>, device: Device) => Promise<T>,
  times?: OperationTimes,
): Promise<T> {
  const device = await openDevice(options.backend, options.precision);
  let replicas: Replicas | undefined;
  try {
    const texts = {
      train: randomText(options, 4 * options.batchSize * options.seqLength + 1),
      validation: new Uint8Array(0),
    };
    const started = await Replicas.start(device, model, trainConfig(options), texts, { times });
    replicas = started;
    device.operations.write(started.weights, initialValues(parameterTable(model), 1));
    let step = 0;
    const secondsOf = async (iterations: number) => {
      const begun = performance.now();
      await started.run(step, learningRates(iterations));
      step += iterations;
      return (performance.now() - begun) / 1e3 / iterations;
    };
    return await work(secondsOf, device);
  } finally {
    await replicas?.close();
    device.close();
  }
}

async function timeGeneration(
  model: ModelConfig,
  { backend, precision }: BenchmarkOptions,
): Promise<number> {
  const device = await openDevice(backend, precision);
  try {
    return await generationSpeed(model, device.operations);
  } finally {
    device.close();
  }
}

async function generationSpeed(model: ModelConfig, backend: Backend): Promise<number> {
  const weights = initialValues(parameterTable(model), 1);
  const network = loadNetwork({ config: model, weights }, backend, { maxRows: 1, maxBatch: 1 });
  const state = network.createState(1);
  const input = backend.indices(1);
  const logits = new Float32Array(model.vocabulary);
  const generate = async (count: number) => {
    const started = performance.now();
    for (let i = 0; i < count; i++) {
      backend.writeIndices(input, [i % model.vocabulary]);
      const answer = backend.read(network.forward(input, 1, 1, state), logits);
      if (isPending(answer)) await answer;
    }
    return count / ((performance.now() - started) / 1e3);
  };
  // generates first until the engine has compiled the code, then measures the speed five times, each time with as many
  // characters as fit into a tenth of a second
  const soon = performance.now() + 200;
  while (performance.now() < soon) await generate(20);
  const count = Math.max(5, Math.ceil((await generate(100)) / 10));
  const speeds: number[] = [];
  while (speeds.length < 5) speeds.push(await generate(count));
  return median(speeds);
}

function trainConfig(options: BenchmarkOptions): TrainConfig {
  const { batchSize, seqLength, backend, training } = options;
  return {
    ...plainTraining,
    ...training,
    batchSize,
    seqLength,
    threads: replicasOf(options),
    backend,
  };
}

/** The number of replicas, none of which may be without rows. */
function replicasOf({ threads, batchSize }: BenchmarkOptions): number {
  return Math.min(threads, batchSize);
}

function randomText({ vocabulary }: BenchmarkOptions, length: number) {
  const random = new Random(1);
  const ids = newIds(vocabulary, length);
  for (let i = 0; i < length; i++) ids[i] = Math.floor(random.uniform() * vocabulary);
  return ids;
}

function learningRates(count: number): Float64Array {
  return new Float64Array(count).fill(2e-3);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
