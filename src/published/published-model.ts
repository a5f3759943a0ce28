/**
 * A model as a page contains it: small parts as JSON, weights and counts as bytes. Reading it back gives the model with
 * which the page computes, so that its loss can be measured in advance.
 */
import { headOf, packTable, type TableHead, unpackTable } from '../counts/pack-table.js';
import { CharnnError } from '../errors.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import type { WeightFormat } from '../pages/model-page.js';
import type { TextOptions } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import { packWeights, unpackWeights } from './weight-bytes.js';

/** The small parts of a model */
export interface PublishedHead {
  readonly config: ModelConfig;
  readonly vocabulary: ReturnType<Vocabulary['toJSON']>;
  readonly text: TextOptions;
  readonly separator?: string | undefined;
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
 * Makes the form that a page contains.
 * @param withCounts whether it includes the model's counts, from which passages of the corpus can be read
 * @throws CharnnError when a weight cannot be represented in the format, and for a model with labels or vectors
 */
export function publishedModel(
  { config, vocabulary, text, separator, weights, counts, training }: Model,
  format: WeightFormat,
  withCounts: boolean,
): PublishedModel {
  if (config.labels !== undefined || config.vectors !== undefined) {
    const what = config.labels === undefined ? 'vectors' : 'labels';
    throw new CharnnError(`a page cannot run a model that was trained with ${what}`);
  }
  const head: PublishedHead = {
    config,
    vocabulary: vocabulary.toJSON(),
    text,
    separator,
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
  const { config, text, separator, documents } = head;
  return {
    config,
    vocabulary: Vocabulary.fromJSON(head.vocabulary, 'vocabulary'),
    text,
    separator,
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
