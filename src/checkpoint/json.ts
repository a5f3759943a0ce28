/** JSON files with tensors: written in pieces, read and checked field by field. */
import { readFile, stat } from 'node:fs/promises';
import { CharnnError } from '../errors.js';
import { type CellName, cellNames, type ModelConfig } from '../model/config.js';
import type { HistoryEntry } from '../model/model.js';
import { normalForms, type TextOptions, textUnits } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import { Fields } from './fields.js';
import { type NamedValues, tensorJson } from './tensors.js';

/** V8's longest string, less a reserve. */
const largestFileBytes = 512e6;

/**
 * A file of charnn's as text: one line a field, one line a tensor.
 * @param head all fields but the tensors, in order
 */
export function* fileJson(
  head: Readonly<Record<string, unknown>>,
  tensors: Iterable<NamedValues>,
  plain: boolean,
): Generator<string> {
  yield '{\n';
  for (const [key, value] of Object.entries(head)) {
    if (value !== undefined) yield `${JSON.stringify(key)}:${JSON.stringify(value)},\n`;
  }
  yield '"tensors":[';
  let separator = '\n';
  for (const tensor of tensors) {
    yield separator;
    yield* tensorJson(tensor, plain);
    separator = ',\n';
  }
  yield '\n]}\n';
}

/**
 * Reads a file of the given format and version.
 * @throws CharnnError when it is missing, not JSON, of another format or of a later version
 */
export async function readFields(path: string, format: string, version: number): Promise<Fields> {
  const value = await readJson(path);
  const fields = Fields.of(value, path);
  if (fields.get('format') !== format) {
    throw new CharnnError(`${path} is not a ${format} file: its "format" field does not say so`);
  }
  if (fields.integer('version', 1, 1e6) > version) {
    throw new CharnnError(
      `${path} was written by a later charnn (version ${fields.get('version')} of the format, this one reads up to ${version}); update charnn`,
    );
  }
  return fields;
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > largestFileBytes) {
      throw new CharnnError(
        `${path} is too large to read: ${size} bytes, at most ${largestFileBytes}`,
      );
    }
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof CharnnError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new CharnnError(
        `no file ${path}; train one with charnn train, or name it with --model`,
      );
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CharnnError(`cannot read ${path}: ${reason}`, 1, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CharnnError(`${path} is not valid JSON: damaged, or not a charnn file`, 1, { cause });
  }
}

// --- the fields that models and training states share ---

export const limits = { layers: 64, width: 16384, vocabulary: 1_114_113, parameters: 2 ** 30 };

export function readModelConfig(fields: Fields): ModelConfig {
  const cell: CellName = fields.oneOf('cell', cellNames);
  return {
    cell,
    layers: fields.integer('layers', 1, limits.layers),
    hidden: fields.integer('hidden', 1, limits.width),
    embedding: fields.integer('embedding', 0, limits.width),
    vocabulary: fields.integer('vocabulary', 2, limits.vocabulary),
  };
}

export function readTextOptions(fields: Fields): TextOptions {
  const unit = fields.oneOf('unit', textUnits);
  const keepCr = fields.boolean('keepCr');
  if (fields.get('normalize') === undefined) return { unit, keepCr };
  return { unit, keepCr, normalize: fields.oneOf('normalize', normalForms) };
}

/** The vocabulary, whose size must be the model's. */
export function readVocabulary(fields: Fields, model: ModelConfig): Vocabulary {
  const name = fields.name('vocabulary');
  const vocabulary = Vocabulary.fromJSON(fields.get('vocabulary'), name);
  if (vocabulary.size !== model.vocabulary) {
    throw new CharnnError(
      `${name} has ${vocabulary.size - 1} characters, but the model ${model.vocabulary - 1}`,
    );
  }
  return vocabulary;
}

export function readHistory(fields: Fields): HistoryEntry[] {
  return fields.objects('history').map((entry) => {
    const keys = Object.keys(entry.value);
    return Object.fromEntries(keys.map((key) => [key, entry.numberOrNull(key)]));
  });
}
