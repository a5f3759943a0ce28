import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, type Output } from '../cli/output.js';
import { createProgress, type Progress } from '../cli/progress.js';
import { Interruption } from '../cli/signals.js';
import { exitCode, spelt } from '../errors.js';
import { baseline } from '../evaluate/baseline.js';
import {
  type Company,
  gatherCompany,
  joinTraining,
  seatOfProcess,
  TextFiles,
} from '../library/cluster-training.js';
import { loadTexts, textRulesOf } from '../library/loaded-text.js';
import { recordedText } from '../library/resumed-text.js';
import { SavedTraining } from '../library/training.js';
import { readEscapes } from '../messages/escapes.js';
import type { StoredModel } from '../model/model-data.js';
import { flagOf } from '../options/table.js';
import { sampleText } from '../sample/sample-text.js';
import type { EndEvent, Phase, SampleEvent, TrainEvent } from '../train/events.js';
import type { PreparedTraining } from '../train/job.js';
import { precisionOf } from '../train/precision.js';
import { checkResumable, checkTogether } from '../train/resolve.js';
import { type CommandTrainOptions, commandRows, schema } from '../train/schema/schema.js';
import type { TrainConfig } from '../train/train-config.js';
import { textArguments } from './input/text-arguments.js';
import { baselineEvent, baselineLine } from './output/baseline-line.js';
import { conclude, sayHowToRepeat, sayMixed, sayNext, verdict } from './training/conclusion.js';
import { printPlan } from './training/dry-run.js';

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
    ['charnn train book.txt --dry-run', 'what the training would need'],
    ['charnn train --resume', 'continue after an interruption'],
  ],
  synonyms: ['learn', 'fit', 'resume', 'finetune', 'fine-tune'],
  options: commandRows,
  common: [
    ...(['size', 'cell', 'pairs', 'documents', 'time', 'epochs', 'seed'] as const),
    ...(['output', 'force', 'resume', 'initFrom', 'dryRun', 'quiet'] as const),
  ],
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
  const { separator } = options;
  const text = {
    ...options,
    separator: separator === undefined ? undefined : readEscapes(separator, '--separator'),
  };
  // all processes have checked their options by now, so none waits for one that ended with an error
  const seat = seatOfProcess();
  if (seat && seat.rank > 0) return (await joinTraining(seat)) ? undefined : exitCode.failed;
  const interruption = new Interruption();
  const progress = createProgress({ json: options.json ?? false, quiet: options.quiet ?? false });
  let training: SavedTraining | undefined;
  let company: Company | undefined;
  const textFiles = seat && new TextFiles(modelPath);
  const makeList = textFiles?.makeList;
  let hasEnded = false;
  try {
    company = seat && (await gatherCompany(seat));
    if (company) output.note(company.description);
    const given = resuming && texts.length === 0 ? [] : textArguments(texts);
    training = await SavedTraining.prepare({
      options,
      processes: seat && { total: seat.size, onThisMachine: seat.onThisMachine },
      modelPath,
      inputs: [...given, options.valFile, options.initFrom],
      messages: { ...output, phase: (phase) => progress.show({ type: 'phase', phase }) },
      text: () =>
        loadTexts(given, textRulesOf(text), output, { onProgress: reading(progress), makeList }),
      resumedText: (state, source, path) =>
        recordedText(given, state, source, path, output, makeList),
    });
    const { prepared } = training;
    if (options.dryRun) {
      progress.show({ type: 'phase', phase: 'measuring' });
      await printPlan(prepared, modelPath, options.json ?? false, output);
      hasEnded = true;
      await company?.others.end(false);
      return undefined;
    }
    const end = await interruption.during((signal) =>
      run(training as SavedTraining, options, progress, signal, company),
    );
    hasEnded = true;
    await company?.others.end(false);
    conclude(end, modelPath, prepared, output);
    sayMixed(training.best, output);
    if (end.reason === 'interrupted') return interruption.exitCode;
    sayHowToRepeat(end, prepared, output);
    // the training is saved, and the comparison with models without a network computes without pauses: a signal may
    // now end the process at once
    training.release();
    interruption.stopListening();
    await compare(prepared, end, options, progress, output);
    sayNext(modelPath, prepared, output);
    return undefined;
  } finally {
    progress.stop();
    training?.release();
    interruption.stopListening();
    if (!hasEnded) await company?.others.end(true);
    await textFiles?.close();
  }
}

async function run(
  training: SavedTraining,
  { json = false, quiet = false, samples = true }: CommandTrainOptions,
  progress: Progress,
  signal: AbortSignal,
  company: Company | undefined,
): Promise<EndEvent> {
  const { config } = training.prepared;
  const show = (event: TrainEvent) =>
    progress.show(
      event.type === 'warning' ? { ...event, message: spelt(event.message, flagOf) } : event,
    );
  const onModel = async (model: StoredModel) => {
    // no sample is drawn if the model would need a source, as one trained on pairs does, or the values of labels
    if (!samples || (quiet && !json) || model.config.pairs || model.beside) return;
    show(await sampleOf(model, config));
  };
  return training.run(signal, show, onModel, company?.others);
}

/** Shows the progress of reading a text in steps of 1 %. */
function reading(progress: Progress): (read: number, total: number | undefined) => void {
  let shown = -1;
  const phase: Phase = 'reading';
  return (read, total) => {
    const fraction = total === undefined || total === 0 ? undefined : Math.min(1, read / total);
    const percent = fraction === undefined ? 0 : Math.floor(100 * fraction);
    if (percent === shown) return;
    shown = percent;
    progress.show({ type: 'phase', phase, ...(fraction !== undefined && { fraction }) });
  };
}

const sampleLength = 300;

/** A sample of the model's text at this point of the training, for the log. */
async function sampleOf(model: StoredModel, config: TrainConfig): Promise<SampleEvent> {
  const { seed, backend } = config;
  const step = Number(model.training?.step ?? 0);
  // the sample is drawn in the precision of the training, because packed weights of bfloat16 take half the memory
  const device = await openDevice(backend, precisionOf(config));
  try {
    const text = await sampleText(model, device, { length: sampleLength, seed });
    return { type: 'sample', step, text };
  } finally {
    device.close();
  }
}

/** Reports the losses of models without a network on the validation text, and what they mean for this model. */
async function compare(
  { corpus }: PreparedTraining,
  end: EndEvent,
  { quiet, json }: CommandTrainOptions,
  progress: Progress,
  output: Output,
): Promise<void> {
  const { vocabulary, train, counted = train, validation, pairs } = corpus;
  // the models without a network predict texts, not pairs
  if (pairs || validation.length < 2 || (quiet && !json)) return;
  progress.show({ type: 'phase', phase: 'comparing' });
  const result = await baseline(vocabulary, validation, counted);
  if (json) {
    progress.show(baselineEvent(result));
    return;
  }
  output.note(`for comparison: ${baselineLine(result)}`);
  const words = verdict(end, result);
  if (words !== undefined) output.note(words);
}
