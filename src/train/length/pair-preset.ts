/**
 * Picks size, dropout, weight decay and length of a training run on pairs by the number of pairs, their lengths and the
 * time, if they are not given. The more there is to learn from, and the more often it can be read in the time, the
 * larger the network.
 */
import type { ModelConfig } from '../../model/model-config.js';
import type { TrainLength } from '../train-config.js';
import type { Size } from './preset.js';

/** The value that is recorded as the sequence length of a training run on pairs, although pairs have no such length */
export const pairSteps = 64;

export interface PairPreset {
  readonly model: Size & Pick<ModelConfig, 'attention'>;
  readonly dropout: number;
  /** For optimisers with decoupled weight decay; undefined for the default of the optimiser */
  readonly weightDecay: number | undefined;
  /** What the optimiser's usual learning rate is multiplied by */
  readonly rateFactor: number;
  readonly batchSize: number;
  /** The given length of the training run, or a number of passes if the given time is more than the pairs can use */
  readonly length: TrainLength;
  /** Number of passes over the pairs, if known */
  readonly epochs: number | undefined;
}

export interface PairPresetInputs {
  /** Number of pairs to train on */
  readonly pairs: number;
  /** Number of time steps in a pass over the pairs, each of one row in one layer of the encoder or the decoder */
  readonly layerSteps: number;
  /** The length of the training run, if one was given */
  readonly length: TrainLength | undefined;
  /** The speed, if measured: time steps per second, each of one row in one layer with `pairReference` units */
  readonly speed: number | undefined;
}

/** Hidden size for which the speed is measured */
export const pairReference = 256;

/** Limits of the usual number of passes over the pairs; the fewer pairs there are, the more often they are read. */
const minEpochs = 15;
const maxEpochs = 200;
const usualVisits = 400_000;

/** Hidden size, dropout and batch size, by the min number of pairs for which they are used */
const steps = [
  { from: 0, hidden: 128, dropout: 0.2, batchSize: 16 },
  { from: 5_000, hidden: 192, dropout: 0.3, batchSize: 32 },
  { from: 50_000, hidden: 256, dropout: 0.2, batchSize: 64 },
] as const;

/**
 * Weight decay for each pass, up to `maxEpochs`, over fewer pairs than `fewPairs`. It keeps a network from memorising
 * few pairs better than dropout does (test/bench/README.md). With few passes there is no time for that, and strong
 * decay would only keep the network from learning.
 */
const decayOfPass = 0.003;
const fewPairs = 5_000;

/** Hidden size and dropout of the largest network, for very many passes over many pairs */
const large = { hidden: 384, dropout: 0.3 } as const;

/** Min number of passes for a size to be worth its time; with fewer, a smaller network learns more. */
const leastPasses = 8;
/** Min number of passes over the pairs for which the largest network is chosen, if there are many pairs */
const largePasses = 25;

/**
 * The learning rate for pairs, except for few of them, as a fraction of the optimiser's usual one. With the usual one,
 * which suits language models, answers that need attention are learned slowly or not at all (test/bench/README.md).
 */
const factorForPairs = 0.25;

/** The time of a layer's step grows with about this power of its number of units. */
const costPower = 1.6;

export function pairPreset({ pairs, layerSteps, length, speed }: PairPresetInputs): PairPreset {
  const epochs = Math.round(Math.min(maxEpochs, Math.max(minEpochs, usualVisits / pairs)));
  const usual = { kind: 'epochs', epochs } as const;
  const most = steps.findLastIndex(({ from }) => pairs >= from);
  const { batchSize } = steps[most];
  const ofSize = (
    { hidden, dropout }: { readonly hidden: number; readonly dropout: number },
    passes: number | undefined,
  ) => ({
    ...{ model: { layers: 1, hidden, embedding: 64 }, dropout, batchSize },
    weightDecay: pairs < fewPairs && passes !== undefined ? decayFor(passes) : undefined,
    rateFactor: pairs < fewPairs ? 1 : factorForPairs,
    epochs: passes,
  });
  if (length?.kind !== 'seconds' || speed === undefined) {
    const passes = length === undefined ? epochs : passesOf(length);
    return { ...ofSize(steps[most], passes), length: length ?? usual };
  }
  const passes = ({ hidden }: { readonly hidden: number }) =>
    ((length.seconds * speed) / layerSteps) * (pairReference / hidden) ** costPower;
  const isLarge = most === steps.length - 1 && passes(large) >= largePasses;
  const fitting = steps.slice(0, most + 1).findLast((step) => passes(step) >= leastPasses);
  const chosen = isLarge ? large : (fitting ?? steps[0]);
  const possible = passes(chosen);
  // a longer training would memorise the pairs
  const isShortened = possible > maxEpochs;
  return {
    ...ofSize(chosen, isShortened ? maxEpochs : possible),
    length: isShortened ? { kind: 'epochs', epochs: maxEpochs } : length,
  };
}

/** Two digits, as they are reported, so that the training run can be repeated */
function decayFor(passes: number): number {
  return Number((decayOfPass * Math.min(passes, maxEpochs)).toPrecision(2));
}

function passesOf(length: TrainLength): number | undefined {
  return length.kind === 'epochs' ? length.epochs : undefined;
}
