/** The model that codes a content, either new or given, and checks that another machine has the same one. */
import { createHash, type Hash } from 'node:crypto';
import type { Device, Scope } from '../backend/device.js';
import { openExactDevice } from '../backend/open-device.js';
import { firstVersion } from '../checkpoint/versions.js';
import type { ModelCounts } from '../counts/mixture.js';
import { CharnnError, optionName, UsageError } from '../errors.js';
import { cellChoice } from '../model/cells/cells.js';
import { architectureFlags, type ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import { type CodingModel, encode } from './coder.js';

export function freshModel(config: ModelConfig, alphabet: Uint32Array): CodingModel {
  const weights = initialValues(parameterTable(config), 1);
  return { config, weights, alphabet, beginning: config.vocabulary - 1, isGiven: false };
}

/** @param version of the compressed file; early versions do not use the n-gram counts of the model */
export function givenModel(
  { config, weights, vocabulary, counts }: Model,
  version: number,
): CodingModel {
  const newline = vocabulary.id(0x0a);
  const beginning = newline === vocabulary.unknownId ? 0 : newline;
  return {
    ...{ config, weights, alphabet: Uint32Array.from(vocabulary.symbols), beginning },
    isGiven: true,
    counts: version < firstVersion('compressed', 'modelCounts') ? undefined : counts,
  };
}

/**
 * A hash of everything that a model computes with.
 * @param version of the compressed file; early versions did not hash the sizes, or the n-gram counts
 */
export function fingerprint(
  { config, weights, vocabulary, counts }: Model,
  version: number,
): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  const { cell, layers, hidden, embedding } = config;
  const hash = createHash('sha256');
  if (version >= firstVersion('compressed', 'modelProbe')) {
    const { equations } = config;
    hash.update(
      JSON.stringify({ cell, layers, hidden, embedding, ...architectureFlags(config), equations }),
    );
  }
  hash.update(bytes).update(Uint32Array.from(vocabulary.symbols));
  if (version >= firstVersion('compressed', 'modelCounts') && counts) hashCounts(hash, counts);
  return hash.digest('hex');
}

function hashCounts(hash: Hash, { table, weights }: ModelCounts): void {
  const { cutoff, discounts, levels } = table;
  hash.update(JSON.stringify([cutoff, Array.from(discounts), Array.from(weights)]));
  for (const { symbols, firstChild, firstEntry, totals, entrySymbols, entryCounts } of levels) {
    for (const list of [symbols, firstChild, firstEntry, totals, entrySymbols, entryCounts]) {
      // createHash does not accept shared memory, so the bytes are copied
      hash.update(Uint8Array.from(new Uint8Array(list.buffer, list.byteOffset, list.byteLength)));
    }
  }
}

/**
 * A fingerprint of the machine's arithmetic: the hash of a fixed text, coded by a model that learns.
 * @param model the one whose kind of cell is used, in a small network
 * @param version of the compressed file; early versions used an LSTM whatever the model was
 * @param rate the learning rate; with 0 only the arithmetic of prediction is tested
 */
export async function probe(
  device: Scope,
  model: ModelConfig,
  version: number,
  rate = 0.01,
): Promise<string> {
  const symbols = Uint32Array.from({ length: 600 }, (_, i) => (i * i + (i >> 3)) % 7);
  const sizes = { layers: 2, hidden: 40, embedding: 16, vocabulary: 8 };
  const config: ModelConfig =
    version >= firstVersion('compressed', 'modelProbe')
      ? { ...cellChoice(model), ...sizes, ...architectureFlags(model) }
      : { cell: 'lstm', ...sizes };
  const settings = { streams: 3, chunk: 8, lanes: 1, rate, version, context: 5 };
  const alphabet = Uint32Array.from({ length: 7 }, (_, i) => i);
  const [coded] = await encode(symbols, freshModel(config, alphabet), settings, { device });
  return createHash('sha256').update(coded).digest('hex').slice(0, 16);
}

export function modelMissing(name: string): UsageError {
  return new UsageError(
    `${name} was compressed with a model: give that one with ${optionName('model')}`,
  );
}

export function anotherModel(name: string): CharnnError {
  return new CharnnError(`${name} was compressed with another model than the one given`);
}

export async function requireDevice(backend: string, name: string): Promise<Device> {
  try {
    return await openExactDevice(backend);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CharnnError(`${name} can be decompressed only as it was compressed: ${reason}`);
  }
}
