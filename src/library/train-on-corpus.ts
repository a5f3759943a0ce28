/** Trains as a program asks for it, with a `Corpus` and options. */
import { optionName, spelt, UsageError } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { Model as ModelData } from '../model/model-data.js';
import { inMemory } from '../model/number-list.js';
import { checkOptions } from '../options/table.js';
import type { EndEvent, ProgressEvent, TrainEvent } from '../train/events.js';
import { checkResumable, checkTogether } from '../train/resolve.js';
import { type CommandTrainOptions, commandRows } from '../train/schema/schema.js';
import type { AbortSignalLike } from './abort.js';
import { kindOf, requireFunction, requireObject, requirePath, requireSignal } from './arguments.js';
import { Corpus } from './corpus.js';
import { divergence } from './divergence.js';
import { type HeldText, modelOf, textOf } from './held.js';
import { type Model, opened } from './model.js';
import { Operations } from './operations.js';
import { anotherText } from './recorded-text.js';
import { SavedTraining } from './training.js';

/** Options of `charnn train` that in the library belong to `Corpus`, have another name or type, or do not exist */
type Elsewhere =
  | 'unit'
  | 'sourceUnit'
  | 'targetUnit'
  | 'normalize'
  | 'keepCr'
  | 'minCount'
  | 'separator'
  | 'encoding'
  | 'invalid'
  | 'format'
  | 'textColumn'
  | 'pairs'
  | 'output'
  | 'initFrom'
  | 'json'
  | 'samples'
  | 'dryRun'
  | 'quiet'
  | 'debug';

const ofCorpus = [
  ...(['unit', 'normalize', 'keepCr', 'minCount', 'separator'] as const),
  ...(['pairs', 'sourceUnit', 'targetUnit'] as const),
] as const;
const ofReading = ['encoding', 'invalid', 'format', 'textColumn'] as const;
const ofCommand = ['json', 'samples', 'dryRun', 'quiet', 'debug', 'output', 'initFrom'] as const;
const elsewhere: readonly string[] = [...ofCorpus, ...ofReading, ...ofCommand];

const { output, initFrom } = commandRows;
const rows = {
  ...Object.fromEntries(Object.entries(commandRows).filter(([key]) => !elsewhere.includes(key))),
  saveTo: output,
  initFrom,
};

/**
 * Options of a training run, all of which may be absent: those of `charnn train`, and some for programs only. An absent
 * option has its default, or is chosen from the text and the time.
 */
export interface TrainOptions extends Omit<CommandTrainOptions, Elsewhere> {
  /** Path of the best model; the training state is written beside it. Without it the model is only in memory. */
  readonly saveTo?: string | undefined;
  /** A model to start from, or the path of one */
  readonly initFrom?: string | Model | undefined;
  /** Called several times a second with the progress */
  readonly onProgress?: ((progress: ProgressEvent) => void) | undefined;
  /** Called with every event, including progress */
  readonly onEvent?: ((event: TrainEvent) => void) | undefined;
  /**
   * A signal that ends the training after the current step: `train` saves and returns the best model so far. If it
   * comes before the first step, the promise is rejected with the signal's reason.
   */
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * Trains a model on a corpus.
 * @returns the model with the best validation loss, which should be closed when it is no longer needed
 * @throws UsageError naming an option that is unknown, out of range or contradicts another
 * @throws DivergenceError when the loss diverges
 * @throws CharnnError when memory, disk or the text do not suffice
 */
export async function train(corpus: Corpus, options: TrainOptions = {}): Promise<Model> {
  const held = corpus instanceof Corpus ? textOf(corpus) : undefined;
  if (held === undefined) {
    throw new UsageError(
      `train needs a Corpus, made by Corpus.load or Corpus.from, not ${kindOf(corpus)}`,
    );
  }
  const request = checked(options, isOfPairs(held));
  return new Operations('the training').run(request.signal, ({ signal }) =>
    trained(held, request, signal),
  );
}

type Request = ReturnType<typeof checked>;

function isOfPairs({ loaded }: HeldText): boolean {
  return loaded.coding !== undefined;
}

function checked(options: unknown, pairs: boolean) {
  const { onProgress, onEvent, signal, initFrom, ...rest } = requireObject(options, 'train');
  for (const key of Object.keys(rest)) {
    if (ofCorpus.some((name) => name === key) || ofReading.some((name) => name === key)) {
      throw new UsageError(`option ${key} is for Corpus.load, which reads the text, not for train`);
    }
  }
  const data = typeof initFrom === 'object' && initFrom !== null ? modelOf(initFrom) : undefined;
  if (initFrom !== undefined && typeof initFrom !== 'string' && data === undefined) {
    throw new UsageError(`option initFrom must be a path or a Model, not ${kindOf(initFrom)}`);
  }
  checkOptions(rows, rest, 'train');
  const { saveTo, ...given } = rest as TrainOptions;
  const path = typeof initFrom === 'string' ? requirePath(initFrom, 'option initFrom') : undefined;
  const named = data === undefined ? path : 'the model that is given';
  const call: CommandTrainOptions = {
    ...given,
    ...(pairs && !given.resume && { pairs }),
    ...(named !== undefined && { initFrom: named }),
  };
  if (call.resume) checkResumable(call);
  else checkTogether(call);
  for (const key of ['resume', 'keep'] as const) {
    if (!call[key] || saveTo !== undefined) continue;
    throw new UsageError(`${key} needs ${optionName('output')}: the path of the model`);
  }
  return {
    options: call,
    modelPath: saveTo === undefined ? undefined : requirePath(saveTo, optionName('output')),
    initFrom: data,
    initPath: path,
    onProgress: requireFunction<(progress: ProgressEvent) => void>(onProgress, 'onProgress'),
    onEvent: requireFunction<(event: TrainEvent) => void>(onEvent, 'onEvent'),
    signal: requireSignal(signal),
  };
}

async function trained(held: HeldText, request: Request, signal: AbortSignal): Promise<Model> {
  const { options, modelPath, initFrom, initPath } = request;
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  signal.addEventListener('abort', stop);
  const tell = new Listeners(request, stop);
  let training: SavedTraining | undefined;
  try {
    for (const said of held.said) tell.event(said);
    training = await SavedTraining.prepare({
      options,
      modelPath,
      inputs: [...held.loaded.paths, options.valFile, initPath],
      initFrom,
      messages: {
        note: (message) => tell.event({ type: 'note', message: spelt(message) }),
        warn: (message) => tell.event({ type: 'warning', message: spelt(message) }),
        phase: (phase) => tell.event({ type: 'phase', phase }),
      },
      text: async () => held.loaded,
      resumedText: async (state, _, path) => {
        if (isOfPairs(held) !== (state.model.pairs ?? false)) {
          const kind = state.model.pairs ? 'on pairs' : 'on a text, not on pairs';
          throw new UsageError(
            `${quote(path)} was trained ${kind}: give a Corpus that was read in the same way`,
          );
        }
        if (state.text.unit === held.loaded.text.unit) return held.loaded;
        throw anotherText(path, held.loaded.paths, `its unit is ${held.loaded.text.unit}`);
      },
    });
    signal.throwIfAborted();
    tell.rethrow();
    const end = await training.run(stopping.signal, (event) => tell.event(event));
    tell.rethrow();
    return await opened(bestOf(end, training, modelPath), training.prepared.config.backend);
  } finally {
    signal.removeEventListener('abort', stop);
    training?.release();
  }
}

function bestOf(end: EndEvent, training: SavedTraining, modelPath: string | undefined): ModelData {
  const { best, prepared } = training;
  if (end.reason === 'diverged') throw divergence(end, modelPath, prepared);
  if (best === undefined) throw new Error('training ended without a model');
  return { ...best, weights: inMemory(best.weights) };
}

/** Calls the listeners; the first error that one throws ends the training. */
class Listeners {
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly request: Request,
    private readonly stop: () => void,
  ) {}

  event(event: TrainEvent): void {
    const shown = event.type === 'warning' ? { ...event, message: spelt(event.message) } : event;
    this.call(this.request.onEvent, shown);
    if (shown.type === 'progress') this.call(this.request.onProgress, shown);
  }

  /** @throws the error that a listener has thrown */
  rethrow(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  private call<T>(listener: ((value: T) => unknown) | undefined, value: T): void {
    if (listener === undefined || this.failure !== undefined) return;
    const fail = (error: unknown) => {
      this.failure ??= { error };
      this.stop();
    };
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}
