/**
 * A model as its web page contains it: small parts as JSON, weights and n-gram counts as bytes. Reading it back gives
 * the model with which the page computes, so that its loss can be measured in advance.
 */
import { headOf, packTable, type TableHead, unpackTable } from '../counts/pack-table.js';
import type { ModelConfig } from '../model/model-config.js';
import { type Beside, type Model, withBeside } from '../model/model-data.js';
import type { WeightFormat } from '../pages/model-page.js';
import type { TextOptions } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import { packWeights, unpackWeights } from './weight-bytes.js';

/** The small parts of a model, which the page contains as JSON */
export interface PublishedHead {
  readonly config: ModelConfig;
  readonly vocabulary: ReturnType<Vocabulary['toJSON']>;
  readonly text: TextOptions;
  readonly separator?: string | undefined;
  readonly beside?: Beside | undefined;
  /** Whether the model has learned each record separately */
  readonly documents: boolean;
  readonly weights: WeightFormat;
  readonly counts?: { readonly head: TableHead; readonly weights: readonly number[] } | undefined;
}

export interface PublishedModel {
  readonly head: PublishedHead;
  readonly weights: Uint8Array;
  readonly counts?: Uint8Array | undefined;
}

/**
 * Converts a model to the form in which its web page contains it.
 * @param withCounts whether it includes the model's n-gram counts, from which passages of the corpus can be read
 * @throws CharnnError when a weight cannot be represented in the format
 */
export function publishedModel(
  { config, vocabulary, text, separator, beside, weights, counts, training }: Model,
  format: WeightFormat,
  withCounts: boolean,
): PublishedModel {
  const head: PublishedHead = {
    config,
    vocabulary: vocabulary.toJSON(),
    text,
    separator,
    ...withBeside(beside),
    documents: training?.documents === true,
    weights: format,
    ...(withCounts &&
      counts && { counts: { head: headOf(counts.table), weights: Array.from(counts.weights) } }),
  };
  return {
    head,
    weights: packWeights(config, weights, format),
    ...(withCounts && counts && { counts: packTable(counts.table) }),
  };
}

/** The model with which a page computes */
export function modelOf({ head, weights, counts }: PublishedModel): Model {
  const { config, text, separator, beside, documents } = head;
  return {
    config,
    vocabulary: Vocabulary.fromJSON(head.vocabulary, 'vocabulary'),
    text,
    separator,
    ...withBeside(beside),
    weights: unpackWeights(config, weights, head.weights),
    ...(head.counts &&
      counts && {
        counts: {
          table: unpackTable(counts, head.counts.head, config.vocabulary, 'counts'),
          weights: Float64Array.from(head.counts.weights),
        },
      }),
    training: { documents },
    history: [],
  };
}
