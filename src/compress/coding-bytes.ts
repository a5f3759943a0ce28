/** Estimates the memory of coding, so that it can be refused before any of it is allocated. */
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { parameterTable } from '../model/parameters.js';
import type { CodingSettings } from './coder.js';
import { maxCounts } from './counting-format.js';

/** Bytes of memory per byte of the content: the content itself, its symbols, and a symbol and an id in a stream */
export const bytesPerByte = 12;
/** Bytes of memory for each counted n-gram, in two hash tables that are about half full */
const bytesPerCount = 80;
/** Estimated number of different n-grams of all orders per character of a short text; a long text has fewer */
const countsPerCharacter = 2;
/** Bytes that a thread takes when it starts */
const threadBytes = 12 * 2 ** 20;

/** Estimated bytes for coding a content: the content, weights, gradients, activations and counts of all replicas. */
export function codingBytes(
  config: ModelConfig,
  characters: number,
  { streams, chunk, lanes, rate }: CodingSettings,
): number {
  const { flatSize } = parameterTable(config);
  const { layers: L, hidden: H, vocabulary: V } = config;
  const rows = streams * chunk;
  const activations = 2 * rows * (L * 2 * cellOf(config).keptWidth * H + 2 * V);
  const learns = rate > 0 ? 1 : 0;
  // lists with a number for each parameter: the weights, two moments, and the gradients and packed weights of each
  // replica
  const flats = 1 + 2 * learns + lanes * (1 + 2 * learns);
  const counts = lanes * Math.min(maxCounts, countsPerCharacter * characters);
  const content = bytesPerByte * characters;
  return (
    content + 4 * (flats * flatSize + activations) + bytesPerCount * counts + lanes * threadBytes
  );
}
