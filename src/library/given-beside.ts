/** Labels and vectors of a training text: how they are read, and what the network and its files record of them. */
import { OptionError } from '../errors.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Beside, Model } from '../model/model-data.js';
import {
  ConditionReader,
  type KnownConditions,
  type ReadConditions,
} from '../text/condition-reader.js';
import type { ReadingOptions } from '../text/reading-options.js';

/** @param known what a model records about labels and vectors; absent if the texts determine which values there are */
export function conditionReader(
  { beside }: ReadingOptions,
  known?: KnownConditions,
): ConditionReader | undefined {
  return beside && new ConditionReader(beside, known);
}

/** What a model records about the columns with labels and vectors */
export function knownConditions({
  config,
  beside,
}: Pick<Model, 'config' | 'beside'>): KnownConditions | undefined {
  return beside && { labels: beside.labels, vectors: config.vectors };
}

/** The columns with labels and vectors that have to be read for a model */
export function columnsOf({ beside }: Pick<Model, 'beside'>): Pick<ReadingOptions, 'beside'> {
  if (beside === undefined) return {};
  const { labels, vector } = beside;
  const names = labels.map(({ name }) => name);
  return { beside: { labels: names, ...(vector !== undefined && { vector }) } };
}

/** What model and state files record about the columns with labels and vectors */
export function recordedBeside(
  { beside }: ReadingOptions,
  given: ReadConditions | undefined,
): { readonly beside?: Beside } {
  if (beside === undefined || given === undefined) return {};
  const { vector } = beside;
  return { beside: { labels: given.labels, ...(vector !== undefined && { vector }) } };
}

/**
 * Adds to a network what it needs for labels and vectors.
 * @throws OptionError for vectors without embeddings
 */
export function withConditions<Config extends Omit<ModelConfig, 'vocabulary'>>(
  model: Config,
  given: ReadConditions | undefined,
): Config {
  if (given === undefined) return model;
  const { labels, vectors } = given;
  if (vectors && model.embedding === 0) {
    throw new OptionError(
      (name) => `${name('vector')} needs embeddings: leave out ${name('embedding', '0')}`,
    );
  }
  return {
    ...model,
    ...(labels.length > 0 && { labels: labels.map(({ values }) => values.length) }),
    ...(vectors && { vectors }),
  };
}
