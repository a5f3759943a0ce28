/** What coding takes of memory: asked for before any of it is taken. */
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import { parameterTable } from '../model/parameters.js';
import type { CodingSettings } from './coder.js';
import { maxCounts } from './counting-format.js';

/** Memory that a byte of the content takes: itself, as a symbol, and as symbol and id of a stream */
export const bytesPerByte = 12;
/** Bytes of a counted n-gram, in two hash tables that are about half full */
const bytesPerCount = 80;
/** Different n-grams of all orders, which are fewer in a long text than in a short one */
const countsPerCharacter = 2;
/** Bytes that a thread takes at its start */
const threadBytes = 12 * 2 ** 20;

/** Bytes for coding so many characters, about: content, weights, gradients, activations and counts of all replicas. */
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
  // weights, two moments, and of each replica its gradients and packed weights
  const flats = 1 + 2 * learns + lanes * (1 + 2 * learns);
  const counts = lanes * Math.min(maxCounts, countsPerCharacter * characters);
  const content = bytesPerByte * characters;
  return (
    content + 4 * (flats * flatSize + activations) + bytesPerCount * counts + lanes * threadBytes
  );
}
