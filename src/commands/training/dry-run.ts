/** Prints what a training run would read, choose and need, without training. */

import { countsBytes } from '../../checkpoint/counts-field.js';
import { modelBytes } from '../../checkpoint/model-file.js';
import { stateBytes, statePath } from '../../checkpoint/state-file.js';
import { clock, grouped, type Output } from '../../cli/output.js';
import { memoryLimits } from '../../machine/memory.js';
import { jsonText, quote } from '../../messages/quote.js';
import { parameterTable } from '../../model/parameters.js';
import type { PreparedTraining } from '../../train/job.js';
import { trainingSpeed } from '../../train/length/benchmark.js';
import { passOver } from '../../train/pass.js';
import { precisionOf } from '../../train/precision.js';
import { trainingBytes } from '../../train/training-bytes.js';

/** Measures the speed of training, and prints what the training run would read, choose and need. */
export async function printPlan(
  prepared: PreparedTraining,
  modelPath: string,
  json: boolean,
  output: Output,
): Promise<void> {
  const plan = await planOf(prepared, modelPath);
  if (json) process.stdout.write(`${jsonText({ type: 'plan', ...plan })}\n`);
  else for (const line of described(plan, prepared)) output.note(line);
}

type Plan = Awaited<ReturnType<typeof planOf>>;

async function planOf({ corpus, model, config, resume }: PreparedTraining, modelPath: string) {
  const { vocabulary, counted, pairs } = corpus;
  const network = { ...model, vocabulary: vocabulary.size };
  const pass = passOver(corpus, config);
  const { length } = config;
  const firstStep = resume?.step ?? 0;
  const steps =
    length.kind === 'steps'
      ? length.steps
      : length.kind === 'epochs'
        ? Math.max(1, Math.round(length.epochs * pass.steps))
        : undefined;
  // the speed of training on pairs is not measured, because it depends on the lengths of the pairs
  const speed = pairs
    ? undefined
    : await trainingSpeed({
        ...network,
        ...{ batchSize: config.batchSize, seqLength: config.seqLength, threads: config.threads },
        ...{ backend: config.backend, precision: precisionOf(config), iterations: 10 },
        training: config,
      });
  const left = steps === undefined ? undefined : Math.max(0, steps - firstStep);
  const measured =
    left === undefined || speed === undefined ? undefined : (left * pass.charactersPerStep) / speed;
  const counts = config.counts ? countsBytes(counted?.length ?? 0) : 0;
  return {
    trainCharacters: pass.trainCharacters,
    validationCharacters: pass.validationCharacters,
    symbols: vocabulary.size - 1,
    model: network,
    parameters: parameterTable(network).count,
    ...{ batchSize: config.batchSize, seqLength: config.seqLength, threads: config.threads },
    dropout: config.dropout,
    precision: precisionOf(config),
    firstStep,
    steps,
    epochs: steps === undefined ? undefined : steps / pass.steps,
    charactersPerSecond: speed,
    seconds: length.kind === 'seconds' ? length.seconds : measured,
    memoryBytes: trainingBytes(network, config),
    freeBytes: Math.min(...memoryLimits().map(({ bytes, used }) => bytes - used)),
    files: {
      [modelPath]: modelBytes(network) + counts,
      [statePath(modelPath)]: stateBytes(network, config),
    },
  };
}

function described(plan: Plan, { corpus, config }: PreparedTraining): string[] {
  const { layers, cell, hidden, embedding } = plan.model;
  const what = corpus.pairs ? 'characters of targets' : 'characters';
  const speed =
    plan.charactersPerSecond === undefined
      ? ''
      : `, at ${grouped(Math.round(plan.charactersPerSecond))} characters a second, as just measured`;
  const time = plan.seconds === undefined ? 'unknown' : `about ${clock(plan.seconds)}${speed}`;
  const length =
    plan.steps === undefined
      ? 'as many steps as the time allows'
      : `${grouped(plan.steps)} steps, ${plan.epochs?.toPrecision(3)} times through the text`;
  const already = plan.firstStep > 0 ? `, of which ${grouped(plan.firstStep)} are done` : '';
  return [
    `text      ${grouped(plan.trainCharacters)} ${what} to learn from, ${grouped(plan.validationCharacters)} to validate with, ${grouped(plan.symbols)} different ones`,
    `model     ${layers} × ${cell} of ${hidden}, ${embedding > 0 ? `embedding of ${embedding}` : 'one-hot input'}, dropout ${plan.dropout}: ${grouped(plan.parameters)} parameters`,
    `training  ${length}${already}; batch ${plan.batchSize} × ${plan.seqLength}, ${plan.threads} thread${plan.threads === 1 ? '' : 's'}, products of ${plan.precision}`,
    `time      ${config.length.kind === 'seconds' ? `${clock(config.length.seconds)}, as asked` : time}`,
    `memory    ${megabytes(plan.memoryBytes)} in addition to the text; ${megabytes(plan.freeBytes)} are free`,
    ...Object.entries(plan.files).map(
      ([file, bytes], i) =>
        `${i === 0 ? 'files   ' : '        '}  ${quote(file)}, about ${megabytes(bytes)}`,
    ),
    'Nothing was trained or written. To train, leave out --dry-run.',
  ];
}

function megabytes(bytes: number): string {
  return `${grouped(Math.max(1, Math.round(bytes / 1e6)))} MB`;
}
