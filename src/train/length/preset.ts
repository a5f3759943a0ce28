/**
 * Picks model size, length and dropout by the text and the time, if they are not given.
 *
 * The figures are those that were best, or nearly so, in the experiments of test/bench/README.md. A larger model makes
 * up for its slower steps once it can read some fifteen million characters. The smaller a text is and the more often it
 * is read, the more dropout is needed to keep the model from memorising it.
 */

import type { ArchitectureFlags } from '../../model/model-config.js';
import type { BatchShape } from '../../text/split.js';
import type { TrainLength } from '../train-config.js';

export const sizeNames = ['tiny', 'small', 'medium', 'large'] as const;
export type SizeName = (typeof sizeNames)[number];

export interface Size extends ArchitectureFlags {
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
}

export const sizes: Readonly<Record<SizeName, Size>> = {
  tiny: { layers: 1, hidden: 128, embedding: 64 },
  small: { layers: 2, hidden: 256, embedding: 128 },
  // without residual connections a third layer makes the model worse
  medium: { layers: 3, hidden: 384, embedding: 128, residual: true, layerNorm: true },
  large: { layers: 3, hidden: 768, embedding: 128, residual: true },
};

/** The sizes that may read a text fewer times than the others, because they would memorise it sooner */
const larger: ReadonlySet<SizeName> = new Set(['medium', 'large']);

/** Training time per character for each size, relative to small */
const cost: Readonly<Record<SizeName, number>> = { tiny: 0.15, small: 1, medium: 3.6, large: 14 };
/** Min number of characters for each size: in the text, and read in all passes over it */
const minText: Readonly<Record<SizeName, number>> = {
  ...{ tiny: 0, small: 20_000, medium: 600_000, large: 20_000_000 },
};
const minReading: Readonly<Record<SizeName, number>> = {
  ...{ tiny: 0, small: 500_000, medium: 1_800_000, large: 150_000_000 },
};

/**
 * The batch shape of a size. Large batches give a small text too few updates per epoch, but a large network benefits
 * from them: it computes faster, and its expensive updates are fewer.
 */
export function batchShape(characters: number, name: SizeName): BatchShape {
  if (characters < 200_000) return { batchSize: 16, seqLength: 32 };
  return { batchSize: name === 'large' ? 64 : 32, seqLength: 64 };
}

/** If no length is given, the text is read this often, within these limits of the total number of characters read. */
const usualEpochs = 10;
const minTotal = 600_000;
const maxTotal = 60_000_000;

/** Max number of passes over a text; with more, the network memorises it even with dropout. */
function maxEpochs(characters: number, name: SizeName): number {
  const max = 15 * (characters / 50_000) ** 0.35;
  return larger.has(name) ? Math.min(max, 5 * Math.max(1, characters / 1e6) ** 0.35) : max;
}

export interface Preset {
  readonly name: SizeName;
  readonly size: Size;
  readonly dropout: number;
  /** The given length of the training run, or a number of epochs if the given time is more than the text can use */
  readonly length: TrainLength;
  /** The number of passes over the text */
  readonly epochs: number;
}

export interface PresetInputs {
  /** Number of characters to train on */
  readonly characters: number;
  /** The size of the network and the length of the training run, if they were given */
  readonly size: SizeName | undefined;
  readonly length: TrainLength | undefined;
  /** B·T, the number of characters that a step reads, for a network of the given size */
  charactersPerStep(name: SizeName): number;
  /** Speed of this machine with size small, in characters per second; needed if the length is a time */
  readonly speed: number | undefined;
}

/** Picks size, dropout and length, where they are not given. */
export function preset(inputs: PresetInputs): Preset {
  const { characters, size } = inputs;
  const wanted = inputs.length ?? usualLength(characters, size ?? 'small');
  const reading = (name: SizeName) => charactersRead(wanted, name, inputs);
  const suitable = (name: SizeName) =>
    characters >= minText[name] && reading(name) >= minReading[name];
  // without a time limit only sizes that suit the text are considered, because a larger one would just take longer
  const candidates: readonly SizeName[] = wanted.kind === 'seconds' ? sizeNames : ['tiny', 'small'];
  const name = size ?? candidates.filter(suitable).at(-1) ?? 'tiny';
  const max = maxEpochs(characters, name);
  const tooLong = wanted.kind === 'seconds' && reading(name) / characters > max;
  const epochs = tooLong ? max : reading(name) / characters;
  const length: TrainLength = tooLong ? { kind: 'epochs', epochs: rounded(max) } : wanted;
  return { name, size: sizes[name], dropout: dropoutFor(epochs, characters, name), length, epochs };
}

function usualLength(characters: number, name: SizeName): TrainLength {
  const max = maxEpochs(characters, name);
  const usual = larger.has(name) ? Math.min(usualEpochs, max) : usualEpochs;
  const min = Math.min(minTotal, max * characters);
  const total = Math.min(maxTotal, Math.max(min, usual * characters));
  return { kind: 'epochs', epochs: rounded(total / characters) };
}

function rounded(epochs: number): number {
  return Math.max(0.01, Math.round(100 * epochs) / 100);
}

function charactersRead(length: TrainLength, name: SizeName, inputs: PresetInputs): number {
  switch (length.kind) {
    case 'epochs':
      return length.epochs * inputs.characters;
    case 'steps':
      return length.steps * inputs.charactersPerStep(name);
    case 'seconds':
      if (inputs.speed === undefined)
        throw new Error(
          'the speed must be known before a training run with a time limit is planned',
        );
      return (length.seconds * inputs.speed) / cost[name];
  }
}

function dropoutFor(epochs: number, characters: number, name: SizeName): number {
  const steps: readonly (readonly [atLeast: number, dropout: number])[] = [
    [40, 0.5],
    [25, 0.4],
    [8, 0.3],
    [3, 0.2],
    [1.5, 0.1],
    [0, 0],
  ];
  const [, usual] = steps.find(([atLeast]) => epochs >= atLeast) ?? [0, 0];
  const more = (dropout: number, by: number) => Math.min(0.5, Math.round(10 * (dropout + by)) / 10);
  const dropout = characters < 200_000 ? more(usual, 0.2) : usual;
  // a small network memorises less and needs less dropout, a large one more
  if (name === 'tiny') return dropout / 2;
  return name === 'large' && dropout > 0 ? more(dropout, 0.1) : dropout;
}
