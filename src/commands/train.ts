import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { clock, createOutput, grouped, type Output } from '../cli/output.js';
import { createProgress, type Progress } from '../cli/progress.js';
import { Interruption } from '../cli/signals.js';
import { weightsByLength } from '../counts/mixture.js';
import { DivergenceError, spelt } from '../errors.js';
import { baseline } from '../evaluate/baseline.js';
import { loadTexts, textRulesOf } from '../library/loaded-text.js';
import { recordedText } from '../library/resumed-text.js';
import { SavedTraining } from '../library/training.js';
import { readEscapes } from '../messages/escapes.js';
import { quote } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { flagOf } from '../options/table.js';
import { sampleText } from '../sample/sample-text.js';
import type { EndEvent, SampleEvent, TrainEvent } from '../train/events.js';
import type { PreparedTraining, TrainingText } from '../train/job.js';
import { precisionOf } from '../train/precision.js';
import { checkResumable, checkTogether } from '../train/resolve.js';
import { type CommandTrainOptions, commandRows, schema } from '../train/schema/schema.js';
import type { TrainConfig } from '../train/train-config.js';
import { textArguments } from './input/text-arguments.js';
import { baselineEvent, baselineLine } from './output/baseline-line.js';

export const train = defineCommand({
  name: 'train',
  arguments: '[text...]',
  summary: 'train a model on a text',
  description:
    'Train on files, folders or standard input (-). The best model goes to --output,\nand what is needed to continue goes into a state file beside it.',
  examples: [
    ['charnn train book.txt --time 3m', 'train for three minutes'],
    ['charnn train poems/ --cell gru --epochs 30', 'a folder, another cell'],
    ['zcat logs/*.gz | charnn train - -o logs.json', 'a stream'],
    ['charnn train lexicon.tsv --pairs', 'sources and targets'],
    ['charnn train --resume', 'continue after an interruption'],
  ],
  synonyms: ['learn', 'fit', 'resume', 'finetune', 'fine-tune'],
  options: commandRows,
  standardOutput: 'events',
  run: runCommand,
});

/** @returns the exit code of a signal that interrupted the training */
async function runCommand(
  texts: readonly string[],
  options: CommandTrainOptions,
): Promise<number | undefined> {
  const output = createOutput(options.quiet ?? false);
  const modelPath = options.output ?? schema.output.default;
  const resuming = options.resume ?? false;
  if (resuming) checkResumable(options);
  else checkTogether(options);
  const given = resuming && texts.length === 0 ? [] : textArguments(texts);
  const interruption = new Interruption();
  const progress = createProgress({ json: options.json ?? false, quiet: options.quiet ?? false });
  const { separator } = options;
  const text = {
    ...options,
    separator: separator === undefined ? undefined : readEscapes(separator, '--separator'),
  };
  let training: SavedTraining | undefined;
  try {
    training = await SavedTraining.prepare({
      options,
      modelPath,
      inputs: [...given, options.valFile, options.initFrom],
      messages: output,
      text: () => loadTexts(given, textRulesOf(text), output),
      resumedText: (state, source, path) => recordedText(given, state, source, path, output),
    });
    const { prepared } = training;
    const end = await interruption.during((signal) =>
      run(training as SavedTraining, options, progress, signal),
    );
    conclude(end, modelPath, output);
    sayMixed(training.best, output);
    if (end.reason === 'interrupted') return interruption.exitCode;
    sayHowToRepeat(end, prepared, output);
    // everything is saved, and the comparison computes without pauses: a signal may now end the process at once
    training.release();
    interruption.stopListening();
    await compare(prepared.corpus, options, progress, output);
    return undefined;
  } finally {
    training?.release();
    interruption.stopListening();
  }
}

async function run(
  training: SavedTraining,
  { json }: CommandTrainOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<EndEvent> {
  const { config } = training.prepared;
  const show = (event: TrainEvent) =>
    progress.show(
      event.type === 'warning' ? { ...event, message: spelt(event.message, flagOf) } : event,
    );
  try {
    return await training.run(signal, show, async (model) => {
      // a model of pairs writes no text without a source, and one with labels none without their values
      if (json && !model.config.pairs && !model.beside) show(await sampleOf(model, config));
    });
  } finally {
    progress.stop();
  }
}

const sampleLength = 300;

/** A sample of the model's text at this point of the training, for the log. */
async function sampleOf(model: Model, { seed, backend }: TrainConfig): Promise<SampleEvent> {
  const step = Number(model.training?.step ?? 0);
  const device = await openDevice(backend);
  try {
    const text = await sampleText(model, device, { length: sampleLength, seed });
    return { type: 'sample', step, text };
  } finally {
    device.close();
  }
}

function conclude(end: EndEvent, modelPath: string, output: Output): void {
  const shown = quote(modelPath);
  const custom = modelPath === schema.output.default ? '' : ` -o ${shown}`;
  switch (end.reason) {
    case 'overfitting':
      output.note(
        'stopped early: the validation loss has not improved for a while (see --early-stop)',
      );
      sayDone(end, shown, output);
      return;
    case 'target':
      output.note('stopped: the validation loss has reached --target-loss');
      sayDone(end, shown, output);
      return;
    case 'finished':
      sayDone(end, shown, output);
      return;
    case 'interrupted':
      output.note(
        `interrupted after step ${grouped(end.step)}; saved. Continue with: charnn train --resume${custom}`,
      );
      return;
    case 'diverged': {
      const kept =
        end.best === undefined ? 'no model was saved' : `the last good model is in ${shown}`;
      throw new DivergenceError(
        `training diverged after step ${end.step}: the loss is far above its best, or not a number; ${kept}; try a lower --learning-rate, a lower --clip, or --on-divergence rollback`,
      );
    }
  }
}

function sayDone(end: EndEvent, shown: string, output: Output): void {
  // only a model that was given is validated before the first step
  if (end.best?.step === 0) {
    output.note(
      `done in ${clock(end.secondsElapsed)}; no validation was better than that of the given model, so ${shown} holds its weights${lossOf(end)}`,
    );
    return;
  }
  output.note(`done in ${clock(end.secondsElapsed)}; the best model is in ${shown}${lossOf(end)}`);
}

/** Tells how much the counts of a model have to say. */
function sayMixed(model: Model | undefined, output: Output): void {
  if (model?.counts === undefined) return;
  const weights = weightsByLength(model.counts);
  const known = (length: number) =>
    weights[length].map((weight) => weight.toFixed(2)).join(' and ');
  const longest = weights.length - 1;
  output.note(
    `mixing weights of network and counts: ${known(longest)} after a known context of ${longest} characters, ${known(1)} after one of 1; charnn inspect shows all`,
  );
}

/** Tells how to repeat a training by the clock byte for byte, by its number of steps. */
function sayHowToRepeat(end: EndEvent, { config, model }: PreparedTraining, output: Output): void {
  const { steps, evalEvery } = end.plan;
  if (config.length.kind !== 'seconds' || steps === null || evalEvery === null) return;
  const { layers, hidden, embedding, residual, layerNorm, pairs, attention } = model;
  const sizes = `--layers ${layers} --hidden ${hidden} --embedding ${embedding}`;
  const shape = `${sizes}${residual ? ' --residual' : ''}${layerNorm ? ' --layer-norm' : ''}${pairs ? ' --pairs' : ''}${attention ? ` --attention ${attention}` : ''}`;
  const length = pairs ? '' : ` --seq-length ${config.seqLength}`;
  const batch = `--batch-size ${config.batchSize}${length}`;
  const target = config.targetLoss === undefined ? '' : ` --target-loss ${config.targetLoss}`;
  const counts = pairs ? '' : ` --counts ${config.counts ?? 0}`;
  const numbers = `--precision ${precisionOf(config)}`;
  const rest = `--dropout ${config.dropout} --steps ${steps} --eval-every ${evalEvery} ${numbers}${counts}${target}`;
  output.note(`instead of --time, this makes the same model again: ${shape} ${batch} ${rest}`);
}

/** Notes the losses of models without a network on the validation text. */
async function compare(
  { vocabulary, train, counted = train, validation, pairs }: TrainingText,
  { quiet, json }: CommandTrainOptions,
  progress: Progress,
  output: Output,
): Promise<void> {
  // the other models predict texts, not pairs
  if (pairs || validation.length < 2 || (quiet && !json)) return;
  const result = await baseline(vocabulary, validation, counted);
  if (json) progress.show(baselineEvent(result));
  else output.note(`for comparison: ${baselineLine(result)}`);
}

function lossOf({ best }: EndEvent): string {
  const loss = best?.validationLoss;
  if (loss === undefined || loss === null) return '';
  const mixture = best?.mixtureLoss;
  const shown = (nats: number) =>
    `${nats.toFixed(4)} nats = ${(nats / Math.LN2).toFixed(3)} bits/char`;
  const more = mixture === undefined ? '' : `; with its counts ${shown(mixture)}`;
  return `, validation ${shown(loss)}${more}`;
}
