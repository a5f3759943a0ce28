/** The cost above which a line is printed: a number, or a quantile of the costs of ordinary lines. */
import type { Output } from '../../cli/output.js';
import { grouped } from '../../cli/output.js';
import { CharnnError, UsageError } from '../../errors.js';
import { costAt, type LineQuantiles } from '../../model/line-quantiles.js';
import type { Model } from '../../model/model-data.js';
import { notNegative, ValueError, type ValueType } from '../../options/types.js';

/** A cut-off that is given as the fraction of ordinary lines, from 0 to 1, that cost no more */
export interface Quantile {
  readonly share: number;
  /** The percentage as it was given: `99.9%` */
  readonly shown: string;
}

const expected = 'a number of at least 0, or a percentage below 100% such as 99.9%';

export const thresholdType: ValueType<number | Quantile> = {
  expected,
  parse(text) {
    const percent = /^\s*([\d.]+)\s*%\s*$/.exec(text);
    const value = percent === null ? Number.NaN : Number(percent[1]) / 100;
    if (value >= 0 && value < 1) return { share: value, shown: `${percent?.[1]}%` };
    if (percent === null && notNegative.accepts(Number(text)) && text.trim() !== '') {
      return Number(text);
    }
    throw new ValueError(`must be ${expected}, not ${JSON.stringify(text)}`);
  },
  accepts: (value): value is number | Quantile =>
    notNegative.accepts(value) || typeof (value as Quantile | null)?.share === 'number',
};

/** Whether a line of this cost is to be printed */
export type CutOff = (cost: number) => boolean;

/**
 * A numeric cut-off includes lines of exactly that cost, so that a threshold copied from the output includes its own
 * line. A quantile includes only lines of a higher cost, because lines of exactly that cost are part of the fraction.
 * @param normal the distribution of the costs of ordinary lines, for a quantile
 */
export function cutOff(
  threshold: number | Quantile | undefined,
  normal: { readonly quantiles: LineQuantiles; readonly what: string } | undefined,
  output: Output,
): CutOff {
  if (threshold === undefined) return () => true;
  if (typeof threshold === 'number') return (cost) => cost >= threshold;
  const { quantiles, what } = normal as NonNullable<typeof normal>;
  const limit = costAt(quantiles, threshold.share);
  output.note(
    `${threshold.shown} of ${grouped(quantiles.lines)} ${what} cost at most ${limit.toFixed(3)} bits per character: only lines above that are printed`,
  );
  if ((1 - threshold.share) * quantiles.lines < 1) {
    output.note(
      `these are too few lines to tell ${threshold.shown} from the maximum: give more lines with --calibrate`,
    );
  }
  return (cost) => cost > limit;
}

/**
 * The costs of ordinary lines that the model file records, as quantiles.
 * @param instead the option, if any, with which lines cost something else than in training, so that these quantiles
 * cannot be used
 */
export function quantilesIn(model: Model, instead: string | undefined): LineQuantiles {
  const advice = 'give a file of normal lines with --calibrate';
  if (instead !== undefined) {
    throw new UsageError(
      `with ${instead}, the costs of normal lines in the model file do not apply, because they are those of whole lines under the model as trained: ${advice}`,
    );
  }
  if (model.lineQuantiles !== undefined) return model.lineQuantiles;
  throw new CharnnError(
    `the model file does not say what normal lines cost, because an earlier version of charnn trained the model, its training was interrupted, or its validation text has too few lines: ${advice}`,
  );
}
