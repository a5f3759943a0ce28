/** A worker of conversion: it writes the targets of a job's lines. */
import type { SharedTensor } from '../backend/backend.js';
import type { DeviceHandle } from '../backend/device.js';
import { openHandle } from '../backend/open-device.js';
import type { LineJob } from '../evaluate/line-handler.js';
import type { ModelConfig } from '../model/model-config.js';
import { encodeBytes, withoutCr } from '../text/encode.js';
import type { TextOptions } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import type { Handler } from '../threads/handler.js';
import type { ChunkReply, JobMessage } from '../threads/map-ordered.js';
import { Converter } from './converter.js';

/** The settings of a worker, given at its start; they pass through `postMessage`. */
export interface ConvertPlan {
  readonly device: DeviceHandle;
  readonly config: ModelConfig;
  readonly symbols: readonly number[];
  readonly text: TextOptions;
  readonly weights: SharedTensor;
}

export interface ConvertedLines {
  /** The targets of the job's lines, each followed by a line feed */
  readonly bytes: Uint8Array;
  /** Number of characters of the sources that the model does not know */
  readonly unknown: number;
  /** Number of targets that were cut off because the model did not end them */
  readonly cut: number;
  /** Number of sources that are too long to be converted; their targets are empty. */
  readonly refused: number;
}

const lineFeed = Uint8Array.of(0x0a);

export async function createConvertHandler(
  { device, config, symbols, text, weights }: ConvertPlan,
  reply: (reply: ChunkReply<ConvertedLines>) => void,
): Promise<Handler<JobMessage<LineJob>>> {
  const { operations: backend } = await openHandle(device);
  const vocabulary = Vocabulary.of(text.unit, symbols);
  const marks = { tab: vocabulary.id(0x09), newline: vocabulary.id(0x0a) };
  const converter = new Converter(backend, config, backend.attach(weights), marks);
  return async (message) => {
    if ('taken' in message) return;
    const { bytes, ends } = message.job;
    const sources = Array.from(ends, (end, i) => {
      const line = withoutCr(bytes.subarray(i > 0 ? ends[i - 1] : 0, end), text);
      return encodeBytes(line, vocabulary, text);
    });
    const targets = await converter.convert(sources.map(({ ids }) => ids));
    const count = (end: string) => targets.filter((target) => target.end === end).length;
    const value = {
      bytes: Buffer.concat(targets.flatMap(({ ids }) => [vocabulary.decodeBytes(ids), lineFeed])),
      unknown: sources.reduce((sum, { unknown }) => sum + unknown, 0),
      cut: count('cut'),
      refused: count('refused'),
    };
    reply([{ index: message.index, value, done: true }]);
  };
}
