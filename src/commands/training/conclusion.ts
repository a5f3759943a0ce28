/** What is printed at the end of a training run: how it ended, how good its model is, and what to do next. */
import { clock, grouped, type Output } from '../../cli/output.js';
import { weightsByLength } from '../../counts/mixture.js';
import type { Baseline } from '../../evaluate/baseline.js';
import { divergence } from '../../library/divergence.js';
import { quote } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import type { EndEvent } from '../../train/events.js';
import type { PreparedTraining } from '../../train/job.js';
import { precisionOf } from '../../train/precision.js';
import { schema } from '../../train/schema/schema.js';
import { optimizers } from '../../train/update/optimizers.js';

/**
 * Prints how a training run ended.
 * @throws CharnnError for one that diverged
 */
export function conclude(
  end: EndEvent,
  modelPath: string,
  prepared: PreparedTraining,
  output: Output,
): void {
  const shown = quote(modelPath);
  const isIdle = prepared.resume?.step === end.step;
  switch (end.reason) {
    case 'overfitting':
      output.note(
        'stopped early: the validation loss has not improved for a while (see --early-stop)',
      );
      sayDone(end, shown, isIdle, output);
      return;
    case 'target':
      output.note('stopped: the validation loss has reached --target-loss');
      sayDone(end, shown, isIdle, output);
      return;
    case 'finished':
      sayDone(end, shown, isIdle, output);
      return;
    case 'interrupted':
      output.note(
        `interrupted after step ${grouped(end.step)}; saved. Continue with: charnn train --resume${modelOption(modelPath, '-o')}`,
      );
      return;
    case 'diverged':
      throw divergence(end, modelPath, prepared);
  }
}

function sayDone(end: EndEvent, shown: string, isIdle: boolean, output: Output): void {
  if (isIdle) {
    output.note(
      `done: all ${grouped(end.step)} steps had already been trained, so none was left; the best model is in ${shown}${lossOf(end)}. To continue, give a larger --steps, --epochs or --time with --resume`,
    );
    return;
  }
  // only a model that was given is validated before the first step
  if (end.best?.step === 0) {
    output.note(
      `done in ${clock(end.secondsElapsed)}; training did not improve on the given model, so ${shown} contains its weights${lossOf(end)}`,
    );
    return;
  }
  output.note(`done in ${clock(end.secondsElapsed)}; the best model is in ${shown}${lossOf(end)}`);
}

function lossOf({ best }: EndEvent): string {
  const loss = best?.validationLoss;
  if (loss === undefined || loss === null) return '';
  const mixture = best?.mixtureLoss;
  const shown = (nats: number) => `${inBits(nats).toFixed(3)} bits/char`;
  const more = mixture === undefined ? '' : `; together with its counts ${shown(mixture)}`;
  return `, validation ${shown(loss)}${more}`;
}

function inBits(nats: number): number {
  return nats / Math.LN2;
}

/** The option that names a model, unless the model is the default one */
function modelOption(modelPath: string, option: '-m' | '-o'): string {
  return modelPath === schema.output.default ? '' : ` ${option} ${quote(modelPath)}`;
}

/** Prints the weights with which the predictions of the network and of the n-gram counts are mixed. */
export function sayMixed(model: Pick<Model, 'counts'> | undefined, output: Output): void {
  if (model?.counts === undefined) return;
  const weights = weightsByLength(model.counts);
  const known = (length: number) =>
    weights[length].map((weight) => weight.toFixed(2)).join(' and ');
  const longest = weights.length - 1;
  output.note(
    `weights of the network and of the n-gram counts: ${known(longest)} after a known context of ${longest} characters, ${known(1)} after a known context of 1 character; charnn inspect shows all`,
  );
}

/** After a training run with a time limit, prints the options that make the same model again in as many steps. */
export function sayHowToRepeat(
  end: EndEvent,
  { config, model }: PreparedTraining,
  output: Output,
): void {
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
  const { optimizer, weightDecay } = config;
  const isPicked = pairs && weightDecay !== optimizers[optimizer].defaults.weightDecay;
  const decay = isPicked ? ` --weight-decay ${weightDecay}` : '';
  const rest = `--dropout ${config.dropout}${decay} --steps ${steps} --eval-every ${evalEvery} ${numbers}${counts}${target}`;
  output.note(
    `to make the same model again, give these options instead of --time: ${shape} ${batch} ${rest}`,
  );
}

/** If new text costs this many bits per character more than text that was learned, the model has memorised its text */
const byHeart = 0.4;

/** Explains what a model's loss means in comparison with that of the n-gram model. */
export function verdict({ best, reason }: EndEvent, { n, ngram }: Baseline): string | undefined {
  const loss = best?.mixtureLoss ?? best?.validationLoss;
  if (best === undefined || loss === undefined || loss === null) return undefined;
  const gain = 1 - inBits(loss) / ngram;
  const share = `${(100 * Math.abs(gain)).toFixed(0)} %`;
  if (gain <= 0) {
    const worse = gain > -1 ? `${share} worse` : 'much worse';
    return `that is ${gain > -0.005 ? 'no better' : worse} than a model of ${n}-grams, which only counts: train longer, for instance with --time 10m`;
  }
  const better = `that is ${share} better than a model of ${n}-grams, which only counts`;
  const { trainLoss, validationLoss } = best;
  const gap =
    trainLoss === null || validationLoss === null ? 0 : inBits(validationLoss - trainLoss);
  if (reason === 'overfitting' || gap > byHeart) {
    return `${better}, and about as good as this text allows: the model knows the text that it learned from much better than new text, so more text would help, but more time would not`;
  }
  return `${better}: training longer may make it better still`;
}

/** Prints the command with which the model can be used. */
export function sayNext(
  modelPath: string,
  { config, corpus }: PreparedTraining,
  output: Output,
): void {
  const option = modelOption(modelPath, '-m');
  if (corpus.pairs) {
    output.note(`convert lines with it: charnn convert${option} < lines.txt`);
    return;
  }
  const counted = corpus.separator !== undefined || config.documents;
  output.note(`let it write: charnn sample${option}${counted ? ' -n 10' : ''}`);
}
