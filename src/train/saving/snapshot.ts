/** The contents of a training's files: the model, and the state from which it is resumed. */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { ModelConfig } from '../../model/model-config.js';
import { type Model, withBeside } from '../../model/model-data.js';
import { type Parameter, parameterTable } from '../../model/parameters.js';
import { withSeparator } from '../../text/separator.js';
import { version } from '../../version.js';
import type { CurrentTraining } from '../current-training.js';
import { configRecord } from '../schema/record.js';
import { usesMoment } from '../update/optimizers.js';
import type { TrainingState } from './training-state.js';

/** The current model, with the moving average of the weights if one is kept. */
export async function modelOf(current: CurrentTraining): Promise<Model> {
  const { job, model, backend, replicas, id, step, epoch, budget: length, history } = current;
  const { mixing } = replicas;
  await replicas.gather();
  // whether the interval was given or planned, it always has the same place among the fields, so that equal training
  // runs write equal bytes
  const config = { ...job.config, evalEvery: length.plan.evalEvery ?? undefined };
  const { backend: _, length: __, keep: ___, ...recorded } = configRecord(config);
  return {
    config: model,
    vocabulary: job.corpus.vocabulary,
    text: job.corpus.text,
    ...withSeparator(job.corpus.separator),
    ...withBeside(job.corpus.beside),
    weights: await copyOut(backend, replicas.ema ?? replicas.weights),
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

/** @param modelWeights those of the model, if it has just been copied, so that they are not copied twice */
export async function stateOf(
  current: CurrentTraining,
  modelWeights?: Float32Array,
): Promise<TrainingState> {
  const { job, model, backend, replicas, id, step, budget: length, history } = current;
  const { factor, waited } = current.plateau;
  await replicas.gather();
  const copy = (x: Tensor) => copyOut(backend, x);
  const { optimizer } = job.config;
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
    weights: (!replicas.ema && modelWeights) || (await copy(replicas.weights)),
    moments: await Promise.all(
      replicas.moments.map((moments, list) =>
        copyMoments(backend, moments, model, (parameter) => usesMoment(optimizer, list, parameter)),
      ),
    ),
    average: replicas.ema && (modelWeights ?? (await copy(replicas.ema))),
    hidden: await replicas.readHidden(),
  };
}

async function copyOut(backend: Backend, x: Tensor): Promise<Float32Array> {
  return (await backend.read(x, new Float32Array(x.size))) as Float32Array;
}

/**
 * Copies a list of moments. Elements that the optimiser does not use are neither read nor written, because memory that
 * was never touched takes no room.
 */
async function copyMoments(
  backend: Backend,
  moments: Tensor,
  model: ModelConfig,
  uses: (parameter: Parameter) => boolean,
): Promise<Float32Array> {
  const copy = new Float32Array(moments.size);
  for (const parameter of parameterTable(model).parameters.filter(uses)) {
    const { start, size } = parameter;
    await backend.read(backend.view(moments, start, [size]), copy.subarray(start, start + size));
  }
  return copy;
}
