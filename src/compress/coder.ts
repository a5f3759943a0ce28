/** Codes a text with a model that learns as it goes: from symbols to bytes and back, on several threads. */
import { type Scope, withScope } from '../backend/device.js';
import { type ModelCounts, sharedCounts } from '../counts/mixture.js';
import { CharnnError } from '../errors.js';
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { parameterTable } from '../model/parameters.js';
import { newIds } from '../text/ids.js';
import { WorkerPool } from '../threads/worker-pool.js';
import { partition, type ReplicaPlan } from '../train/replicas/replica-plan.js';
import { SharedControl } from '../train/replicas/shared-control.js';
import { plainTraining, type TrainConfig } from '../train/train-config.js';
import { momentCount } from '../train/update/optimizers.js';
import {
  type CodingOrder,
  type CodingPlan,
  type CodingResult,
  createCodingHandler,
} from './coding-handler.js';
import { damaged } from './container.js';
import { endsEarly } from './range-coder.js';
import { eachCharacter, type Layout, layoutOf, positions } from './stream-layout.js';

/** The settings that encoder and decoder must share, besides the back end */
export interface CodingSettings {
  readonly streams: number;
  readonly chunk: number;
  readonly lanes: number;
  /** Peak learning rate; 0 keeps the network unchanged */
  readonly rate: number;
  /** The version of the compressed file, which decides how n-grams are counted and mixed */
  readonly version: number;
  /** Length of the longest context that is counted, in characters */
  readonly context: number;
}

export interface CodingModel {
  readonly config: ModelConfig;
  /** The initial parameters, as a flat list */
  readonly weights: Float32Array;
  /** The symbol of each id, without the unknown symbol, which has the last id */
  readonly alphabet: Uint32Array;
  /** The id that the model reads before the text */
  readonly beginning: number;
  /** Whether the model was given by the user, not made for this content */
  readonly isGiven: boolean;
  /** The n-gram counts of the given model */
  readonly counts?: ModelCounts | undefined;
}

/** The device that computes, and what to do about progress and interruption */
export interface ComputeContext {
  readonly device: Scope;
  readonly onProgress?: ProgressListener | undefined;
  /** A signal that ends the work; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Called several times a second with the fraction of the work that is done, from 0 to 1 */
export type ProgressListener = (fraction: number) => void;

const progressMs = 200;

/** @returns the coded bytes of each replica */
export async function encode(
  symbols: Uint32Array,
  model: CodingModel,
  settings: CodingSettings,
  context: ComputeContext,
): Promise<Uint8Array[]> {
  return withScope(context.device, (_, scope) =>
    encodeIn(scope, symbols, model, settings, context),
  );
}

function encodeIn(
  scope: Scope,
  symbols: Uint32Array,
  model: CodingModel,
  settings: CodingSettings,
  { onProgress, signal }: ComputeContext,
): Promise<Uint8Array[]> {
  const layout = layoutOf(symbols.length, settings.streams, settings.chunk);
  const plan = planOf(layout, model, settings, scope, undefined);
  const idOf = new Map(Array.from(model.alphabet, (symbol, id) => [symbol, id]));
  const ids = plan.replicas[0].train;
  const unknown = model.config.vocabulary - 1;
  eachCharacter(layout, (index, position) => {
    plan.symbols[position] = symbols[index];
    ids[position] = idOf.get(symbols[index]) ?? unknown;
  });
  return runCoders(plan, onProgress, signal);
}

/**
 * @param name of the file, as messages show it
 * @returns the symbols that were encoded with the same model and settings
 * @throws CharnnError for coded bytes that end before all characters are decoded
 */
export async function decode(
  coded: readonly Uint8Array[],
  characters: number,
  model: CodingModel,
  settings: CodingSettings,
  context: ComputeContext,
  name: string,
): Promise<Uint32Array> {
  const layout = layoutOf(characters, settings.streams, settings.chunk);
  const plan = await withScope(context.device, async (_, scope) => {
    const planned = planOf(layout, model, settings, scope, coded);
    await runCoders(planned, context.onProgress, context.signal).catch((error) => {
      if (error instanceof CharnnError && error.message === endsEarly) return damaged(name);
      throw error;
    });
    return planned;
  });
  const symbols = new Uint32Array(characters);
  eachCharacter(layout, (index, position) => {
    symbols[index] = plan.symbols[position];
  });
  return symbols;
}

function planOf(
  layout: Layout,
  { config, weights, alphabet, beginning, isGiven, counts }: CodingModel,
  settings: CodingSettings,
  { operations: backend, handle }: Scope,
  coded: readonly Uint8Array[] | undefined,
): CodingPlan {
  const { lanes, streams } = settings;
  const { flatSize } = parameterTable(config);
  const train = newIds(config.vocabulary, positions(layout));
  for (let stream = 0; stream <= streams; stream++) train[stream * layout.length] = beginning;
  const training = trainConfig(settings);
  const flat = backend.tensor([flatSize]);
  backend.write(flat, weights);
  const flatTensors = (count: number) =>
    Array.from({ length: count }, () => backend.share(backend.tensor([flatSize])));
  const moments = flatTensors(momentCount(training.optimizer));
  const gradients = flatTensors(lanes);
  const control = new SharedControl(lanes);
  const replicas = Array.from({ length: lanes }, (_, index): ReplicaPlan => {
    const { first, size } = partition(streams, index, lanes);
    const state = Array.from({ length: config.layers }, () =>
      cellOf(config).states.map(() => backend.share(backend.tensor([size, config.hidden]))),
    );
    return {
      device: handle,
      control: control.memory,
      model: config,
      config: training,
      train,
      validation: newIds(config.vocabulary, 0),
      index,
      replicas: lanes,
      firstRow: first,
      rows: size,
      weights: backend.share(flat),
      moments,
      ema: undefined,
      gradients,
      state,
    };
  });
  const words = new SharedArrayBuffer(4 * positions(layout));
  return {
    layout,
    symbols: new Uint32Array(words),
    alphabet,
    replicas,
    rate: settings.rate,
    version: settings.version,
    context: settings.context,
    isGiven,
    counts: sharedCounts(counts),
    coded,
  };
}

function trainConfig({ streams, chunk, lanes }: CodingSettings): TrainConfig {
  return {
    ...plainTraining,
    // old gradients are forgotten faster than usual, because the model has to keep adapting
    beta2: 0.99,
    clip: 1,
    batchSize: streams,
    seqLength: chunk,
    threads: lanes,
    backend: 'auto',
  };
}

async function runCoders(
  plan: CodingPlan,
  onProgress: ProgressListener | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const lanes = plan.replicas.length;
  const { length, chunk } = plan.layout;
  const control = new SharedControl(lanes, plan.replicas[0].control);
  const results = new Array<CodingResult>(lanes);
  const timer = onProgress
    ? setInterval(() => onProgress((control.step * chunk) / length), progressMs)
    : undefined;
  let settle: { resolve(): void; reject(error: Error): void } | undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // a worker may fail before anyone awaits this promise; without a handler the rejection would count as unhandled
  done.catch(() => {});
  let pool: WorkerPool<CodingPlan, CodingOrder, CodingResult> | undefined;
  let left = lanes;
  const abort = () => {
    control.barrier.break();
    settle?.reject(signal?.reason);
  };
  signal?.addEventListener('abort', abort);
  try {
    pool = await WorkerPool.start<CodingPlan, CodingOrder, CodingResult>({
      workers: lanes,
      module: new URL('../bundle/coding-worker.js', import.meta.url),
      createHandler: createCodingHandler,
      data: () => plan,
      onReply(index, result) {
        results[index] = result;
        if (--left === 0) settle?.resolve();
      },
      onFailure(error) {
        control.barrier.break();
        settle?.reject(error);
      },
    });
    for (let index = 0; index < lanes; index++) pool.post(index, { index });
    if (signal?.aborted) abort();
    await done;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', abort);
    await pool?.close();
  }
  return results;
}
