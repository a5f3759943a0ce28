/** Makes the content of the web page that runs a model. */
import { unsharedKernels } from '../backend/unshared-kernels.js';
import { grouped } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import { blob } from '../pages/encode-blobs.js';
import type { ModelPageData, PageSettings } from '../pages/model-page.js';
import type { PageContent } from '../pages/page.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { PublishedModel } from './published-model.js';

/** The texts that the publisher gives for the page */
export interface PageWords {
  readonly title: string;
  /** Paragraphs below the title */
  readonly text: readonly string[];
  readonly settings: PageSettings;
}

const formats = { f32: '', f16: ' of 16 bits', int8: ' of 8 bits' } as const;

/**
 * Makes the content of the web page that runs a model.
 * @param published the model in the form in which the page contains it
 */
export function modelPage(
  { config, vocabulary, beside }: Model,
  published: PublishedModel,
  { title, text, settings }: PageWords,
): PageContent {
  const { layers, cell, hidden } = config;
  const { head, weights, counts } = published;
  const weightCount = grouped(parameterTable(config).count);
  const counted = head.counts ? ', together with counts of strings of its training text' : '';
  const data: ModelPageData = {
    ...{ title, text, settings, model: head },
    converts: config.pairs === true,
    summary: `A recurrent network (${layers} × ${cell} of ${hidden}), ${weightCount} weights${formats[head.weights]}${counted}`,
    symbols: Array.from({ length: vocabulary.size }, (_, id) => symbolName(vocabulary, id)),
    labels: beside?.labels ?? [],
    vectorSize: config.vectors?.size ?? 0,
  };
  const blobs: [string, string][] = [
    ['kernels', blob(unsharedKernels())],
    ['weights', blob(weights)],
  ];
  if (counts) blobs.push(['counts', blob(counts)]);
  return { title, data, blobs };
}

/**
 * The name of an id: a character as it is; in a model of bytes, an ASCII byte as its character and any other byte as
 * two hexadecimal digits.
 */
export function symbolName({ unit, symbols }: Vocabulary, id: number): string {
  const symbol = symbols[id];
  if (symbol === undefined) return '\ufffd';
  if (unit === 'char' || symbol < 0x80) return String.fromCodePoint(symbol);
  return symbol.toString(16);
}
