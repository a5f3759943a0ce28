/** The losses of well-known models without a network on a text, with which a network's loss can be compared. */
import { spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { countText, usualContext } from '../counts/count-text.js';
import { GrowingNgrams } from '../counts/growing-ngrams.js';
import { NgramReader } from '../counts/ngram-reader.js';
import { type IdList, idsInMemory } from '../text/id-list.js';
import type { Ids } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';

export interface Baseline {
  /** Number of characters measured: all, or the first part of a long text */
  readonly characters: number;
  /** Number of characters of an n-gram: the longest context and the character that it predicts */
  readonly n: number;
  /**
   * Bits per character of the n-gram model. For all three models, unknown characters cost as much as for a network
   * (`Vocabulary.unknownCost`): each codes the text with a single symbol in their place, and the cost of telling which
   * character it stands for is added.
   */
  readonly ngram: number;
  /** Bits per character of `gzip -9` and of `xz -9e`; undefined if xz is not installed */
  readonly gzip: number;
  readonly xz: number | undefined;
}

/** Max number of characters that the n-gram model learns from, and that are measured. */
const maxCharacters = 2_000_000;

/**
 * Computes the losses of the models without a network on a text.
 * @param training the text from which the n-gram model learns; without it, the model learns from the text while it
 * reads
 */
export async function baseline(
  vocabulary: Vocabulary,
  whole: Ids,
  training: IdList | undefined,
): Promise<Baseline> {
  const text = whole.subarray(0, maxCharacters);
  const { nats, context } = training
    ? countedCost(vocabulary, text, idsInMemory(training.subarray(-maxCharacters)))
    : learnedCost(vocabulary, text);
  const bytes = vocabulary.decodeBytes(text);
  const zipped = await promisify(gzip)(bytes, { level: 9 });
  const xz = await xzBytes(bytes);
  const { length } = text;
  const bitsEach = vocabulary.unknownCost / Math.LN2;
  const unknown = bitsEach * vocabulary.countUnknown(text);
  const predicted = Math.max(1, length - 1);
  const unknownPredicted = bitsEach * vocabulary.countUnknown(text.subarray(1));
  return {
    characters: length,
    n: context + 1,
    ngram: (nats / Math.LN2 + unknownPredicted) / predicted,
    gzip: (zipped.length * 8 + unknown) / length,
    xz: xz === undefined ? undefined : (xz * 8 + unknown) / length,
  };
}

/** Sum of -ln p of all characters except the first, with counts of another text */
function countedCost({ size }: Vocabulary, text: Ids, training: Ids) {
  const reader = new NgramReader(countText(training, size));
  let nats = 0;
  for (let at = 1; at < text.length; at++) nats -= reader.cost(text, at, text[at]);
  return { nats, context: reader.table.context };
}

/** Sum of -ln p of all characters except the first, by a model that learns each character after predicting it */
function learnedCost({ size }: Vocabulary, text: Ids) {
  const context = usualContext(text.length, size);
  return { nats: new GrowingNgrams(size, { context }).costWhileLearning(text), context };
}

/** Number of bytes to which `xz -9e` compresses the given bytes; undefined if xz cannot be run. */
function xzBytes(bytes: Uint8Array): Promise<number | undefined> {
  return new Promise((resolve) => {
    const xz = spawn('xz', ['-9ec'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let length = 0;
    xz.on('error', () => resolve(undefined));
    // if too few files may be open, there are no pipes, whatever their types say
    if (!xz.stdout) return;
    xz.on('close', (code) => resolve(code === 0 ? length : undefined));
    xz.stdout.on('data', (chunk: Uint8Array) => {
      length += chunk.length;
    });
    // if xz ends before it has read everything, its exit code says so, and the error of its input can be ignored
    xz.stdin.on('error', () => {});
    xz.stdin.end(bytes);
  });
}
