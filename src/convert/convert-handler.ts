/** The work of a converting worker: it writes the targets of a job's lines. */
import type { SharedTensor } from '../backend/backend.js';
import type { DeviceHandle } from '../backend/device.js';
import { openHandle } from '../backend/open-device.js';
import type { LineJob } from '../evaluate/line-handler.js';
import type { ModelConfig } from '../model/model-config.js';
import { withoutCr } from '../text/encode.js';
import type { TextOptions } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import type { Handler } from '../threads/handler.js';
import type { ChunkReply, JobMessage } from '../threads/map-ordered.js';
import { Converter } from './converter.js';
import { PairText } from './pair-text.js';
import { bitsPerSymbol, type SearchSettings } from './target-search.js';

/** What a thread that converts lines is told at its start, by `postMessage` */
export interface ConvertPlan {
  readonly device: DeviceHandle;
  readonly config: ModelConfig;
  readonly symbols: readonly number[];
  readonly text: TextOptions;
  readonly weights: SharedTensor;
  readonly search: SearchSettings;
}

/** The targets of a job's lines, in a few lists that can be sent quickly to another thread */
export interface PackedTargets {
  /** Number of targets of each line */
  readonly counts: Int32Array;
  /** The texts of all targets, one after the other, and the end of each */
  readonly bytes: Uint8Array;
  readonly ends: Int32Array;
  readonly logProbabilities: Float64Array;
  readonly bits: Float64Array;
  /** 1 for a target that was cut off because the model did not end it */
  readonly cut: Uint8Array;
  /** Number of characters of each source that the model does not know */
  readonly unknown: Int32Array;
  /** The first few characters that the model does not know */
  readonly unknownSymbols: readonly string[];
}

/** Max number of unknown characters that are named for each job, which is a group of lines */
const maxNamed = 10;

export async function createConvertHandler(
  { device, config, symbols, text, weights, search }: ConvertPlan,
  reply: (reply: ChunkReply<PackedTargets>) => void,
): Promise<Handler<JobMessage<LineJob>>> {
  const { operations: backend } = await openHandle(device);
  const vocabulary = Vocabulary.of(text.unit, symbols);
  const marks = { tab: vocabulary.id(0x09), newline: vocabulary.id(0x0a) };
  const converter = new Converter(backend, config, backend.attach(weights), marks, search);
  const pairText = new PairText({ vocabulary, text });
  const unknownIn = (lines: readonly string[]): string[] => {
    const named = new Set<string>();
    for (const line of lines) {
      if (named.size >= maxNamed) break;
      for (const part of pairText.unknownIn(line)) named.add(part);
    }
    return [...named].slice(0, maxNamed);
  };
  return async (message) => {
    if ('taken' in message) return;
    const { bytes, ends, given } = message.job;
    const lines = Array.from(ends, (end, i) =>
      pairText.uniform(withoutCr(bytes.subarray(i > 0 ? ends[i - 1] : 0, end), text)),
    );
    const sources = lines.map((line) => pairText.read(line));
    const conversions = await converter.convert(
      sources.map(({ ids }, i) => ({ ids, given: given?.[i] })),
    );
    const targets = conversions.flat();
    const texts = targets.map(({ ids }) => pairText.write(ids));
    let at = 0;
    const value: PackedTargets = {
      counts: Int32Array.from(conversions, ({ length }) => length),
      bytes: Buffer.concat(texts),
      ends: Int32Array.from(texts, ({ length }) => {
        at += length;
        return at;
      }),
      logProbabilities: Float64Array.from(targets, ({ logProbability }) => logProbability),
      bits: Float64Array.from(targets, bitsPerSymbol),
      cut: Uint8Array.from(targets, ({ end }) => (end === 'cut' ? 1 : 0)),
      unknown: Int32Array.from(sources, ({ unknown }) => unknown),
      unknownSymbols: unknownIn(lines.filter((_, i) => sources[i].unknown > 0)),
    };
    reply([{ index: message.index, value, done: true }]);
  };
}
