/** What is written down of a training: the model, and the state that it goes on from. */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { ModelConfig } from '../../model/model-config.js';
import type { Model } from '../../model/model-data.js';
import { withSeparator } from '../../text/separator.js';
import { version } from '../../version.js';
import type { TrainingJob } from '../job.js';
import type { StepBudget } from '../length/step-budget.js';
import type { Replicas } from '../replicas/replica-group.js';
import { configRecord } from '../schema/record.js';
import type { History } from './history.js';
import type { TrainingState } from './training-state.js';

/** A training between two steps. */
export interface TrainingSnapshot {
  readonly job: TrainingJob;
  readonly model: ModelConfig;
  readonly backend: Backend;
  readonly replicas: Replicas;
  /** The training's id; a state of version 1 has none */
  readonly id: string | undefined;
  readonly step: number;
  readonly epoch: number;
  readonly budget: StepBudget;
  readonly history: History;
  readonly bestLoss: number | undefined;
  readonly plateau: TrainingState['plateau'];
  readonly rollbacks: number;
  readonly isFineTuning: boolean;
  readonly validationUnknown: number;
}

/** The model as it stands: the average of the weights, where one is kept. */
export async function modelOf(snapshot: TrainingSnapshot): Promise<Model> {
  const { job, model, backend, replicas, id, step, epoch, budget: length, history } = snapshot;
  const { mixing } = replicas;
  // Given or planned, the interval has one place among the fields, so that equal trainings write equal bytes.
  const config = { ...job.config, evalEvery: length.plan.evalEvery ?? undefined };
  const { backend: _, length: __, keep: ___, ...recorded } = configRecord(config);
  return {
    config: model,
    vocabulary: job.corpus.vocabulary,
    text: job.corpus.text,
    ...withSeparator(job.corpus.separator),
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

/** @param modelWeights the model's, if it has just been taken: they are not copied twice */
export async function stateOf(
  snapshot: TrainingSnapshot,
  modelWeights?: Float32Array,
): Promise<TrainingState> {
  const { job, model, backend, replicas, id, step, budget: length, history } = snapshot;
  const { factor, waited } = snapshot.plateau;
  const copy = (x: Tensor) => copyOut(backend, x);
  return {
    config: job.config,
    model,
    vocabulary: job.corpus.vocabulary,
    text: job.corpus.text,
    ...withSeparator(job.corpus.separator),
    provenance: job.corpus.provenance,
    source: job.source,
    id,
    step,
    seconds: length.seconds,
    plan: length.plan,
    bestLoss: snapshot.bestLoss ?? null,
    plateau: { factor, waited },
    tally: replicas.control.metrics,
    rollbacks: snapshot.rollbacks,
    ...(job.givenCounts && { counts: job.givenCounts }),
    ...(snapshot.isFineTuning && { isFineTuning: true }),
    ...(snapshot.validationUnknown > 0 && { validationUnknown: snapshot.validationUnknown }),
    history: history.entries,
    validations: history.summary,
    weights: (!replicas.ema && modelWeights) || (await copy(replicas.weights)),
    moments: await Promise.all(replicas.moments.map(copy)),
    average: replicas.ema && (modelWeights ?? (await copy(replicas.ema))),
    hidden: await replicas.readHidden(),
  };
}

async function copyOut(backend: Backend, x: Tensor): Promise<Float32Array> {
  return (await backend.read(x, new Float32Array(x.size))) as Float32Array;
}
