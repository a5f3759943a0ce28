/** A training run with its files: it locks them, prepares and runs, and saves models and states. */

import { writeHeldFile } from '../checkpoint/atomic.js';
import { countsBytes } from '../checkpoint/counts-field.js';
import { KeptModels } from '../checkpoint/kept-models.js';
import type { Lock } from '../checkpoint/lock.js';
import { modelBytes, readAnyModel, writeModel } from '../checkpoint/model-file.js';
import { NumberFile } from '../checkpoint/number-file.js';
import { HeldFileError } from '../checkpoint/replace-file.js';
import { stateBytes, statePath, writeState } from '../checkpoint/state-file.js';
import { CharnnError, optionName } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { Model, StoredModel } from '../model/model-data.js';
import type { EndEvent, TrainEvent } from '../train/events.js';
import type { PreparedTraining } from '../train/job.js';
import type { Others } from '../train/replicas/others.js';
import { runTraining } from '../train/run.js';
import type { CheckpointSink } from '../train/saving/checkpoint-sink.js';
import type { CommandTrainOptions } from '../train/schema/schema.js';
import { claimOutput, requireSpace } from './claim-output.js';
import type { LoadedText } from './loaded-text.js';
import type { Messages } from './messages.js';
import { guardOutput } from './output-guard.js';
import { prepareNew, prepareResumed, type ResumedText } from './prepare-training.js';
import type { ProcessCounts } from './process-counts.js';
import { validationQuantiles } from './validation-lines.js';

export interface TrainingRequest {
  /** The options of the training run, which have been checked already */
  readonly options: CommandTrainOptions;
  /** Path of the best model; without it nothing is written */
  readonly modelPath: string | undefined;
  /** Paths of everything that is read, which must not be written to */
  readonly inputs: readonly (string | undefined)[];
  /** A model to start from, if the options do not name its file */
  readonly initFrom?: Model | undefined;
  readonly messages: Messages;
  /** The processes that train together; absent if there is only one */
  readonly processes?: ProcessCounts | undefined;
  /** Reads the text of a new training run. */
  text(): Promise<LoadedText>;
  readonly resumedText: ResumedText;
}

export class SavedTraining {
  private latest: StoredModel | undefined;
  /**
   * For each file that was stored under a second name, because another program holds the file itself open: the error,
   * by the path where the file belongs
   */
  private readonly held = new Map<string, HeldFileError>();

  private constructor(
    readonly prepared: PreparedTraining,
    private readonly options: CommandTrainOptions,
    private readonly files:
      | { path: string; lock: Lock; kept: KeptModels; store: NumberFile }
      | undefined,
  ) {}

  /**
   * Locks the files, reads the text and resolves the configuration.
   * @throws CharnnError when the training cannot begin
   */
  static async prepare(request: TrainingRequest): Promise<SavedTraining> {
    const { options, modelPath: path, messages, inputs, processes } = request;
    const resuming = options.resume ?? false;
    if (path === undefined) {
      const prepared = await prepareNew(
        await request.text(),
        options,
        await from(request),
        messages,
        processes,
      );
      return new SavedTraining(prepared, options, undefined);
    }
    const lock = await claimOutput(path, resuming || (options.force ?? false), inputs);
    try {
      const keeping = (keep: number | undefined, trainingId?: string) =>
        KeptModels.open(path, {
          ...{ keep: keep ?? 0, trainingId, resuming },
          guard: (file) =>
            guardOutput({
              ...{ path: file, kind: 'model', isDerived: true, inputs },
              mayReplace: options.force ?? false,
            }),
          plainWeights: options.plainWeights ?? false,
        });
      // the kept models of a new training run are checked before its text is read, which may take long
      const empty = resuming ? undefined : await keeping(options.keep);
      const prepared = resuming
        ? await prepareResumed(request.resumedText, options, path, messages, processes)
        : await prepareNew(
            ...([await request.text(), options, await from(request), messages, processes] as const),
          );
      const model = { ...prepared.model, vocabulary: prepared.corpus.vocabulary.size };
      const { config, resume } = prepared;
      const kept = empty ?? (await keeping(config.keep, resume?.id));
      // a new model is written before the oldest is removed, so there must be room for one more
      const keptModels = config.keep ? Math.max(0, config.keep - kept.count) + 1 : 0;
      const counts = config.counts ? countsBytes(prepared.corpus.counted?.length ?? 0) : 0;
      const state = stateBytes(model, config) + (prepared.givenCounts ? counts : 0);
      await requireSpace(path, modelBytes(model) + counts, state, keptModels);
      return new SavedTraining(prepared, options, {
        ...{ path, lock, kept },
        store: new NumberFile(path),
      });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The best model so far, if there is one; its weights can be read until `release`. */
  get best(): StoredModel | undefined {
    return this.latest ?? this.prepared.best;
  }

  /**
   * Runs the training.
   * @param onModel called with each model that has been saved
   * @param others the other processes that take part
   * @returns how it ended; a divergence is an ending, not an exception
   * @throws CharnnError also when the training has ended, but a file had to be stored under a second name
   */
  async run(
    signal: AbortSignal,
    onEvent: (event: TrainEvent) => void,
    onModel: (model: StoredModel) => void | Promise<void> = () => {},
    others?: Others,
  ): Promise<EndEvent> {
    const { files } = this;
    const remembered: CheckpointSink = {
      model: async (model) => {
        this.latest = model;
      },
      state: async () => {},
    };
    const sink = files === undefined ? remembered : this.savedTo(files, onEvent, onModel);
    const end = await runTraining({ ...this.prepared, signal, onEvent, sink }, others);
    if (end.reason !== 'interrupted' && end.reason !== 'diverged') {
      await this.judgeLines(signal, onEvent);
    }
    await this.moveHeld();
    for (const error of this.held.values()) throw error;
    return end;
  }

  /** Unlocks the files; a second call does nothing. */
  release(): void {
    this.files?.lock.release();
    this.files?.store.close().catch(() => {});
  }

  /** Adds to the best model the costs of the validation text's lines. */
  private async judgeLines(
    signal: AbortSignal,
    onEvent: (event: TrainEvent) => void,
  ): Promise<void> {
    const { best, files, prepared } = this;
    if (best === undefined) return;
    const { corpus, config } = prepared;
    onEvent({ type: 'phase', phase: 'judging' });
    try {
      const lineQuantiles = await validationQuantiles(best, corpus, config, signal);
      if (lineQuantiles === undefined) return;
      const judged: StoredModel = { ...best, lineQuantiles };
      if (files !== undefined) await this.writeBest(files, judged, onEvent);
      this.latest = judged;
    } catch (error) {
      if (!(error instanceof CharnnError)) throw error;
      // this failure is only a warning, because the training itself is done and the model is saved
      const message = `the model is saved, but without the costs of normal lines that score --threshold needs: ${error.unspelt}`;
      onEvent({ type: 'warning', message });
    }
  }

  private async writeBest(
    { path, lock }: NonNullable<SavedTraining['files']>,
    model: StoredModel,
    onEvent: (event: TrainEvent) => void,
  ): Promise<void> {
    const plainWeights = this.options.plainWeights ?? false;
    lock.check();
    await this.writeBeside(path, () => writeModel(path, model, { plainWeights }), onEvent);
  }

  /** Moves files stored under a second name to where they belong, if that place is free now. */
  private async moveHeld(): Promise<void> {
    for (const [path, error] of this.held) {
      if (await writeHeldFile(error)) this.held.delete(path);
    }
  }

  /** Writes a file; if another program holds it open, the training continues with a file beside it. */
  private async writeBeside(
    path: string,
    write: () => Promise<void>,
    onEvent: (event: TrainEvent) => void,
  ): Promise<void> {
    try {
      await write();
      this.held.delete(path);
    } catch (error) {
      if (!(error instanceof HeldFileError)) throw error;
      const isNew = !this.held.has(path);
      this.held.set(path, error);
      if (isNew) onEvent({ type: 'warning', message: error.unspelt });
    }
  }

  private savedTo(
    files: NonNullable<SavedTraining['files']>,
    onEvent: (event: TrainEvent) => void,
    onModel: (model: StoredModel) => void | Promise<void>,
  ): CheckpointSink {
    const { path, lock, kept, store } = files;
    return {
      store,
      model: async (model) => {
        await this.writeBest(files, model, onEvent);
        this.latest = model;
        onEvent({ type: 'saved', what: 'model', path });
        await onModel(model);
      },
      state: async (state) => {
        lock.check();
        await this.moveHeld();
        const file = statePath(path);
        await this.writeBeside(file, () => writeState(file, state), onEvent);
        onEvent({ type: 'saved', what: 'state', path: statePath(path) });
      },
      async kept(model) {
        lock.check();
        onEvent({ type: 'saved', what: 'kept', path: await kept.write(model) });
      },
    };
  }
}

async function from({ options, initFrom }: TrainingRequest): Promise<Model | undefined> {
  if (options.initFrom === undefined) return initFrom;
  const model = initFrom ?? (await readAnyModel(options.initFrom));
  if ((model.config.pairs ?? false) === (options.pairs ?? false)) return model;
  const [its, wanted] = model.config.pairs ? ['pairs', 'a text'] : ['a text', 'pairs'];
  throw new CharnnError(
    `${quote(options.initFrom)} was trained on ${its}, so it cannot learn ${wanted}: ${model.config.pairs ? `give ${optionName('pairs')}` : `leave out ${optionName('pairs')}`}, or another model`,
  );
}
