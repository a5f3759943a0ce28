/**
 * Compresses short contents into files with short headers, and restores them: with a given model only, and by
 * arithmetic that is the same on all machines. The network does not learn from so little text; the counts and their
 * weights adapt to it.
 */
import { usualContext } from '../counts/count-text.js';
import { limits } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import { type CodingSettings, type ComputeContext, decode, encode } from './coder.js';
import { codingBytes } from './coding-bytes.js';
import {
  anotherModel,
  fingerprint,
  givenModel,
  modelMissing,
  probe,
  requireDevice,
} from './coding-model.js';
import {
  packShort,
  requireContent,
  shortBackend,
  shortHash,
  shortVersion,
  unpackShort,
} from './short-container.js';
import { bytesOfSymbols, symbolsOfBytes } from './symbols.js';

/** @param context its device must have the back end `shortBackend` */
export async function compressShort(
  content: Uint8Array,
  model: Model,
  context: ComputeContext,
): Promise<Uint8Array> {
  const symbols = symbolsOfBytes(content, model.vocabulary.unit);
  const coder = givenModel(model, shortVersion);
  const settings = shortSettings(symbols.length, coder.config);
  requireMemory(codingBytes(coder.config, symbols.length, settings), 'compressing this');
  const [coded] = await encode(symbols, coder, settings, context);
  const modelHash = shortHash(
    fingerprint(model, shortVersion),
    await probe(context.device, coder.config, shortVersion, 0),
  );
  return packShort(content, { characters: symbols.length, modelHash, coded });
}

/** The settings for coding short contents, which the files do not record because they are always the same */
function shortSettings(characters: number, { vocabulary }: ModelConfig): CodingSettings {
  return {
    ...{ streams: 1, lanes: 1, chunk: limits.compressed.chunk },
    rate: 0,
    version: shortVersion,
    context: usualContext(characters, vocabulary),
  };
}

/**
 * @param name of the file, as messages show it
 * @throws CharnnError where the file is damaged, or another model is needed
 */
export async function decompressShort(
  file: Uint8Array,
  name: string,
  model: Model | undefined,
  listening: Omit<ComputeContext, 'device'>,
): Promise<Uint8Array> {
  const { body, sum } = unpackShort(file, name);
  if (body instanceof Uint8Array) {
    requireContent(body, sum, name);
    return body;
  }
  if (model === undefined) throw modelMissing(name);
  const { characters, modelHash, coded } = body;
  const coder = givenModel(model, shortVersion);
  const device = await requireDevice(shortBackend, name);
  try {
    const hash = shortHash(
      fingerprint(model, shortVersion),
      await probe(device, coder.config, shortVersion, 0),
    );
    if (!Buffer.from(hash).equals(modelHash)) throw anotherModel(name);
    const settings = shortSettings(characters, coder.config);
    const context = { device, ...listening };
    const symbols = await decode([coded], characters, coder, settings, context, name);
    const content = bytesOfSymbols(symbols, model.vocabulary.unit);
    requireContent(content, sum, name);
    return content;
  } finally {
    device.close();
  }
}
