/**
 * What to train when a person has not said: model size, length and dropout from the text and the time.
 *
 * The figures are those that did best, or near it, in the experiments of test/bench/README.md: a larger
 * model earns its slower steps once it can read about fifteen million characters, and the more often a
 * text is read, the more dropout it takes for the model not to learn it by heart.
 */
import type { TrainLength } from './config.js';

export const sizeNames = ['tiny', 'small', 'medium', 'large'] as const;
export type SizeName = (typeof sizeNames)[number];

export interface Size {
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
}

export const sizes: Readonly<Record<SizeName, Size>> = {
  tiny: { layers: 1, hidden: 128, embedding: 64 },
  small: { layers: 2, hidden: 256, embedding: 128 },
  medium: { layers: 2, hidden: 512, embedding: 128 },
  large: { layers: 3, hidden: 768, embedding: 128 },
};

/** What each size costs a character, in units of small's. */
const cost: Readonly<Record<SizeName, number>> = { tiny: 0.15, small: 1, medium: 4, large: 14 };
/** Characters from which a size has enough to learn from: in the text, and in reading it over and over. */
const leastText: Readonly<Record<SizeName, number>> = {
  ...{ tiny: 0, small: 20_000, medium: 500_000, large: 20_000_000 },
};
const leastReading: Readonly<Record<SizeName, number>> = {
  ...{ tiny: 0, small: 1_000_000, medium: 15_000_000, large: 150_000_000 },
};

/** Without a length the text is read this often, but in all not less and not more than so much. */
const usualEpochs = 10;
const shortestReading = 4_000_000;
const longestReading = 60_000_000;

export interface Recipe {
  readonly name: SizeName;
  readonly size: Size;
  readonly dropout: number;
  readonly length: TrainLength;
  /** How often the text will be read */
  readonly epochs: number;
}

export interface Circumstances {
  /** Characters to train on */
  readonly characters: number;
  /** As far as they have been asked for */
  readonly size: SizeName | undefined;
  readonly length: TrainLength | undefined;
  /** B·T */
  readonly charactersPerStep: number;
  /** Characters a second of size small on this machine; needed where the length is a time */
  readonly speed: number | undefined;
}

/** Picks what has not been asked for. */
export function recipe(circumstances: Circumstances): Recipe {
  const { characters, size } = circumstances;
  const length = circumstances.length ?? usualLength(characters);
  const reading = (name: SizeName) => charactersRead(length, name, circumstances);
  const suitable = (name: SizeName) =>
    characters >= leastText[name] && reading(name) >= leastReading[name];
  // without a time the size is not the length's business: more would only take longer
  const candidates: readonly SizeName[] = length.kind === 'seconds' ? sizeNames : ['tiny', 'small'];
  const name = size ?? candidates.filter(suitable).at(-1) ?? 'tiny';
  const epochs = reading(name) / characters;
  const dropout = dropoutFor(epochs, name);
  return { name, size: sizes[name], dropout, length, epochs };
}

function usualLength(characters: number): TrainLength {
  const reading = usualEpochs * characters;
  const total = Math.min(longestReading, Math.max(shortestReading, reading));
  return { kind: 'epochs', epochs: Math.max(0.01, Math.round((100 * total) / characters) / 100) };
}

function charactersRead(length: TrainLength, name: SizeName, given: Circumstances): number {
  switch (length.kind) {
    case 'epochs':
      return length.epochs * given.characters;
    case 'steps':
      return length.steps * given.charactersPerStep;
    case 'seconds':
      if (given.speed === undefined) throw new Error('a time needs a speed');
      return (length.seconds * given.speed) / cost[name];
  }
}

function dropoutFor(epochs: number, name: SizeName): number {
  const steps: readonly (readonly [atLeast: number, dropout: number])[] = [
    [40, 0.5],
    [15, 0.4],
    [8, 0.3],
    [3, 0.2],
    [1.5, 0.1],
    [0, 0],
  ];
  const [, dropout] = steps.find(([atLeast]) => epochs >= atLeast) ?? [0, 0];
  // a small network has less to learn by heart with
  return name === 'tiny' ? dropout / 2 : dropout;
}
