/**
 * Picks model size, length and dropout from the text and the time, if they are not given.
 *
 * The figures are those that did best, or near it, in the experiments of test/bench/README.md: a larger
 * model earns its slower steps once it can read some fifteen million characters, and the smaller a text is and
 * the more often it is read, the more dropout it takes for the model not to learn it by heart.
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
  // without the residual connections a third layer would rather be left out
  medium: { layers: 3, hidden: 384, embedding: 128, residual: true, layerNorm: true },
  large: { layers: 3, hidden: 768, embedding: 128, residual: true },
};

/** Small texts, which a network memorises in fewer epochs */
const larger: ReadonlySet<SizeName> = new Set(['medium', 'large']);

/** The cost of a character with each size, relative to small */
const cost: Readonly<Record<SizeName, number>> = { tiny: 0.15, small: 1, medium: 3.6, large: 14 };
/** Characters from which a size has enough to learn from: in the text, and in reading it over and over. */
const minText: Readonly<Record<SizeName, number>> = {
  ...{ tiny: 0, small: 20_000, medium: 600_000, large: 20_000_000 },
};
const minReading: Readonly<Record<SizeName, number>> = {
  ...{ tiny: 0, small: 500_000, medium: 1_800_000, large: 150_000_000 },
};

/**
 * With large batches a small text yields too few updates an epoch. A large network gains from them: it
 * computes faster, and the updates, which cost more the larger it is, are fewer.
 */
export function batchShape(characters: number, name: SizeName): BatchShape {
  if (characters < 200_000) return { batchSize: 16, seqLength: 32 };
  return { batchSize: name === 'large' ? 64 : 32, seqLength: 64 };
}

/** Without a length the text is read this often, but in all not less and not more than so much. */
const usualEpochs = 10;
const minTotal = 600_000;
const maxTotal = 60_000_000;

/** Max number of passes over a text: with more, dropout or not, the network memorises it. */
function maxEpochs(characters: number, name: SizeName): number {
  const max = 15 * (characters / 50_000) ** 0.35;
  return larger.has(name) ? Math.min(max, 5 * Math.max(1, characters / 1e6) ** 0.35) : max;
}

export interface Preset {
  readonly name: SizeName;
  readonly size: Size;
  readonly dropout: number;
  /** As given; epochs where the time given is more than the text is worth */
  readonly length: TrainLength;
  /** The number of passes over the text */
  readonly epochs: number;
}

export interface PresetInputs {
  /** Number of characters to train on */
  readonly characters: number;
  /** The size and the length, if they were given */
  readonly size: SizeName | undefined;
  readonly length: TrainLength | undefined;
  /** B·T, the characters of a step, with a size */
  charactersPerStep(name: SizeName): number;
  /** Characters a second of size small on this machine; needed where the length is a time */
  readonly speed: number | undefined;
}

/** Picks size, dropout and length where they are not given. */
export function preset(inputs: PresetInputs): Preset {
  const { characters, size } = inputs;
  const wanted = inputs.length ?? usualLength(characters, size ?? 'small');
  const reading = (name: SizeName) => charactersRead(wanted, name, inputs);
  const suitable = (name: SizeName) =>
    characters >= minText[name] && reading(name) >= minReading[name];
  // without a time limit the size depends on the text alone: a larger one would only take longer
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
      if (inputs.speed === undefined) throw new Error('a time needs a speed');
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
  // a small network memorises less, a large one more
  if (name === 'tiny') return dropout / 2;
  return name === 'large' && dropout > 0 ? more(dropout, 0.1) : dropout;
}
