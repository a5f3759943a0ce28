/** The contents of a training's files: the model, and the state from which it is resumed. */
import { type StoredModel, withBeside } from '../../model/model-data.js';
import type { Numbers } from '../../model/number-list.js';
import { parameterTable } from '../../model/parameters.js';
import { withSeparator } from '../../text/separator.js';
import { version } from '../../version.js';
import type { CurrentTraining } from '../current-training.js';
import { configRecord } from '../schema/record.js';
import { usesMoment } from '../update/optimizers.js';
import { copyList } from './snapshot-store.js';
import type { StoredState } from './training-state.js';

/**
 * The current model, with the moving average of the weights if one is kept.
 * @param slot the slot of the store that holds its weights until they are written, if there is a store
 */
export async function modelOf(current: CurrentTraining, slot: string): Promise<StoredModel> {
  const { job, model, backend, replicas, id, step, epoch, budget: length, history } = current;
  const { mixing } = replicas;
  await replicas.gather();
  // whether the interval between validations was given or planned, it always has the same place among the fields, so
  // that equal training runs write equal bytes
  const config = { ...job.config, evalEvery: length.plan.evalEvery ?? undefined };
  const { backend: _, length: __, keep: ___, ...recorded } = configRecord(config);
  return {
    config: model,
    vocabulary: job.corpus.vocabulary,
    text: job.corpus.text,
    ...withSeparator(job.corpus.separator),
    ...withBeside(job.corpus.beside),
    weights: await copyList(backend, job.sink.store, slot, replicas.ema ?? replicas.weights),
    ...(mixing && {
      counts: { table: mixing.table, weights: Float64Array.from(mixing.weights) },
    }),
    training: {
      charnn: version,
      id,
      step,
      epoch,
      ...recorded,
      evalEvery: length.plan.evalEvery,
      steps: length.stepsUsed(step),
      threads: job.config.threads,
      backend: backend.name,
      corpus: job.corpus.provenance,
    },
    history: history.entries,
  };
}

/** The slots of a store for the lists of a training state */
export const stateSlots = { weights: 'weights', average: 'average' } as const;

/** @param modelWeights the weights of the model, if they have just been copied, so that they are not copied twice */
export async function stateOf(
  current: CurrentTraining,
  modelWeights?: Numbers,
): Promise<StoredState> {
  const { job, model, backend, replicas, id, step, budget: length, history } = current;
  const { factor, waited } = current.plateau;
  await replicas.gather();
  const { store } = job.sink;
  const { optimizer } = job.config;
  const { parameters } = parameterTable(model);
  return {
    config: job.config,
    model,
    vocabulary: job.corpus.vocabulary,
    text: job.corpus.text,
    ...withSeparator(job.corpus.separator),
    ...withBeside(job.corpus.beside),
    provenance: job.corpus.provenance,
    source: job.source,
    id,
    step,
    seconds: length.seconds,
    plan: length.plan,
    bestLoss: current.bestLoss ?? null,
    plateau: { factor, waited },
    tally: replicas.control.metrics,
    rollbacks: current.rollback.count,
    ...(job.givenCounts && { counts: job.givenCounts }),
    ...(current.isFineTuning && { isFineTuning: true }),
    ...(current.validationUnknown > 0 && { validationUnknown: current.validationUnknown }),
    history: history.entries,
    validations: history.summary,
    weights:
      (!replicas.ema && modelWeights) ||
      (await copyList(backend, store, stateSlots.weights, replicas.weights)),
    moments: await Promise.all(
      replicas.moments.map((moments, list) =>
        // elements that the optimiser does not use are neither read nor written, because memory that was never touched
        // takes no room
        copyList(
          ...([backend, store, `moment${list}`, moments] as const),
          parameters.filter((parameter) => usesMoment(optimizer, list, parameter)),
        ),
      ),
    ),
    average:
      replicas.ema &&
      (modelWeights ?? (await copyList(backend, store, stateSlots.average, replicas.ema))),
    hidden: await replicas.readHidden(),
  };
}
