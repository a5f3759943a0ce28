/** charnn's files: JSON with tensors and a hash of everything, written in pieces and read field by field. */
import { createHash, type Hash } from 'node:crypto';
import { isCellName } from '../cells/cell-library.js';
import { CharnnError, type Spelling } from '../errors.js';
import { type ByteSource, openBytes } from '../json/byte-source.js';
import { Fields } from '../json/fields.js';
import { scanFile } from '../json/scan.js';
import { limits } from '../limits.js';
import { printable, quote } from '../messages/quote.js';
import { refusal } from '../model/capabilities.js';
import { type CellChoice, cellNames, cellOf, isWrittenOut } from '../model/cells/cells.js';
import { architectureFlags, type ModelConfig } from '../model/model-config.js';
import type { HistoryEntry } from '../model/model-data.js';
import type { Numbers } from '../model/number-list.js';
import type { Complete } from '../options/table.js';
import type { TextOptions } from '../text/unit.js';
import { Vocabulary } from '../text/vocabulary.js';
import { modelRows } from '../train/schema/model-rows.js';
import { textRows } from '../train/schema/text-rows.js';
import { readConditioned } from './beside-field.js';
import { bytesJson, checkBytes, type NamedBytes, readBytes } from './blobs.js';
import { readPairUnits } from './pair-units.js';
import { readRows } from './recorded-config.js';
import {
  checkTensor,
  type NamedValues,
  readTensor,
  type TensorShape,
  tensorJson,
} from './tensors.js';
import { firstVersion, latestVersion } from './versions.js';

/** The kinds of files that are JSON with tensors, and the values of their `format` field */
export const fileFormats = { model: 'charnn', state: 'charnn-state' } as const;

type JsonKind = keyof typeof fileFormats;

/**
 * One of charnn's files as text: a line for each field and each tensor, with the hash last.
 *
 * The hash is the SHA-256 of the fields as `JSON.stringify` writes them and of the names, shapes and values of the
 * tensors. So it depends neither on spaces nor on how the values are encoded.
 * @param head all fields except the tensors, in order
 * @param blobs byte arrays, written after the tensors
 * @throws CharnnError for a value that is not finite, and for a file that a reader would refuse as too large
 */
export function* fileJson(
  head: Readonly<Record<string, unknown>>,
  tensors: Iterable<NamedValues<Numbers>>,
  plain: boolean,
  blobs: Iterable<NamedBytes> = [],
): Generator<string> {
  const hash = createHash('sha256');
  let headBytes = 0;
  yield '{\n';
  let before = '{';
  for (const [key, value] of Object.entries(head)) {
    if (value === undefined) continue;
    hash.update(`${before}${JSON.stringify(key)}:`);
    yield `${JSON.stringify(key)}:`;
    for (const piece of valueJson(value)) {
      headBytes += Buffer.byteLength(piece);
      if (headBytes > limits.headBytes) {
        throw new CharnnError(
          `the file would hold more than ${limits.headBytes} bytes in addition to its tensors (at the field ${printable(key)}), which is more than charnn could read back`,
        );
      }
      hash.update(piece);
      yield piece;
    }
    yield ',\n';
    before = ',';
  }
  hash.update('}');
  yield '"tensors":[';
  let separator = '\n';
  for (const tensor of tensors) {
    yield separator;
    yield* tensorJson(tensor, plain, hash);
    separator = ',\n';
  }
  for (const blob of blobs) {
    yield separator;
    yield* bytesJson(blob, hash);
    separator = ',\n';
  }
  yield `\n],\n"sha256":"${hash.digest('hex')}"}\n`;
}

/** Number of elements of a long list, such as the history, that are written at once */
const listPiece = 100;

/**
 * Yields the JSON of a value, and that of a long list in pieces: otherwise each save would turn the history of a long
 * training run into one large string, and memory would grow with the history.
 */
function* valueJson(value: unknown): Generator<string> {
  if (!Array.isArray(value) || value.length <= listPiece) {
    yield JSON.stringify(value);
    return;
  }
  for (let i = 0; i < value.length; i += listPiece) {
    const brackets = JSON.stringify(value.slice(i, i + listPiece));
    yield `${i === 0 ? '[' : ','}${brackets.slice(1, -1)}`;
  }
  yield ']';
}

/** An open file whose small fields have been read. */
export class CheckpointFile {
  private constructor(
    private readonly source: ByteSource,
    readonly fields: Fields,
    private readonly tensors: ReturnType<typeof scanFile>['tensors'],
    private readonly hash: Hash,
    private readonly sha256: string | undefined,
  ) {}

  /**
   * Opens a file of the given kind, passes it to a function, and closes it.
   * @throws CharnnError when it is missing, not JSON, of another format or of a later version
   */
  static async read<T>(
    path: string,
    kind: JsonKind,
    work: (file: CheckpointFile) => T,
  ): Promise<T> {
    const source = await openBytes(path);
    try {
      const { head, tensors } = scanFile(source, quote(path));
      const { sha256: _, ...hashed } = head;
      const hash = createHash('sha256').update(JSON.stringify(hashed));
      const fields = Fields.of(head, quote(path));
      checkVersion(fields, quote(path), kind);
      return work(new CheckpointFile(source, fields, tensors, hash, givenHash(fields, kind)));
    } finally {
      source.close();
    }
  }

  /**
   * Checks names, shapes and sizes of all tensors, before memory is allocated for them.
   * @param expected the tensors that must be there, in order
   * @param blobs names of the byte arrays that must follow them
   * @returns a function that reads the tensors' values into the caller's memory, and returns the byte arrays
   * @throws CharnnError naming the field that is wrong; the returned function also throws it if the hash does not match
   * the contents
   */
  prepareTensors(
    expected: readonly TensorShape[],
    blobs: readonly string[] = [],
  ): (into: readonly Float32Array[]) => Uint8Array[] {
    const { fields, tensors, source, hash } = this;
    const name = fields.name('tensors');
    if (tensors === undefined) throw new CharnnError(`${name} is missing`);
    const count = expected.length + blobs.length;
    if (tensors.length !== count) {
      throw new CharnnError(`${name} must be ${count}, not ${tensors.length}`);
    }
    const readable = expected.map((shape, i) => checkTensor(tensors[i], `${name}[${i}]`, shape));
    const bytes = blobs.map((blob, i) => {
      const at = expected.length + i;
      return checkBytes(tensors[at], `${name}[${at}]`, blob);
    });
    return (into) => {
      readable.forEach((tensor, i) => {
        readTensor(source, tensor, into[i], hash);
      });
      const read = bytes.map((blob) => readBytes(source, blob, hash));
      this.checkHash(hash.digest('hex'));
      return read;
    };
  }

  private checkHash(found: string): void {
    if (this.sha256 === undefined || this.sha256 === found) return;
    throw new CharnnError(
      `${this.fields.name('sha256')} is ${this.sha256}, but that of the contents is ${found}: the file is damaged or was changed by hand; take another copy of it`,
    );
  }
}

/** What messages call the kinds of files, which are often in the same folder and easily confused */
const words: ReadonlyMap<unknown, string> = new Map([
  [fileFormats.model, 'a model'],
  [fileFormats.state, 'the state of a training run'],
]);

/**
 * Checks the fields `format` and `version`.
 * @param shown the file as messages show it
 * @throws CharnnError for a file of another kind, and for one of a later version
 */
export function checkVersion(fields: Fields, shown: string, kind: JsonKind): void {
  const version = latestVersion(kind);
  const format = fileFormats[kind];
  const found = fields.get('format');
  if (found !== format) {
    const [is, wanted] = [words.get(found), words.get(format)];
    throw new CharnnError(
      is === undefined
        ? `${shown} is not ${wanted} that charnn wrote: its "format" field does not say so`
        : `${shown} is ${is}, not ${wanted}: give the other file beside it instead`,
    );
  }
  if (fields.integer('version', 1, 1e6) > version) {
    throw new CharnnError(
      `${shown} was written by a later version of charnn (version ${fields.get('version')} of the format, this one reads up to ${version}); update charnn`,
    );
  }
}

function givenHash(fields: Fields, kind: JsonKind): string | undefined {
  const isHashed = fields.integer('version', 1, 1e6) >= firstVersion(kind, 'hash');
  return isHashed || fields.get('sha256') !== undefined ? fields.string('sha256') : undefined;
}

// --- the fields that models and training states share ---

export function readModelConfig(fields: Fields): ModelConfig {
  const { cell: _, ...otherRows } = modelRows;
  const { residual, layerNorm, pairs, attention, ...shape } = readRows(
    otherRows,
    fields,
  ) as Complete<typeof otherRows>;
  const config = {
    ...readCell(fields),
    ...shape,
    vocabulary: fields.integer('vocabulary', 2, limits.vocabulary),
    ...architectureFlags({ residual, layerNorm, pairs, attention }),
    ...readConditioned(fields),
  };
  const sentence = refusal(config);
  if (sentence) throw new CharnnError(fields.name(sentence(asField)));
  return inOrderOf(fields, config);
}

/**
 * An object with the keys in the order in which a file has its fields, so that writing a model again gives the same
 * bytes
 */
function inOrderOf<T extends object>(fields: Fields, value: T): T {
  const given = Object.keys(fields.value).filter((key) => Object.hasOwn(value, key));
  return { ...Object.fromEntries(given.map((key) => [key, undefined])), ...value };
}

/** Reads which cell a network has: a built-in cell by its name, or any other name together with equations. */
function readCell(fields: Fields): CellChoice {
  if (fields.get('equations') === undefined) return { cell: fields.oneOf('cell', cellNames) };
  const [cell, equations] = [fields.string('cell'), fields.string('equations')];
  if (!isCellName(cell) || isWrittenOut(cell)) {
    fields.fail(
      'cell',
      `a name of letters, digits and signs such as - and _ (with equations, none of the built-in ${cellNames.join(', ')})`,
    );
  }
  try {
    cellOf({ cell, equations });
  } catch (error) {
    if (!(error instanceof CharnnError)) throw error;
    throw new CharnnError(`${fields.name('equations')}: ${error.message}`, 1, { cause: error });
  }
  return { cell, equations };
}

const asField: Spelling = (key, value) => (value === undefined ? key : `${key} ${value}`);

export function readTextOptions(fields: Fields): TextOptions {
  const { normalize, ...rest } = readRows(textRows, fields) as Complete<typeof textRows>;
  const pairs = fields.get('pairs') === undefined ? undefined : readPairUnits(fields);
  return inOrderOf(fields, {
    ...rest,
    ...(normalize && { normalize }),
    ...(pairs && { pairs }),
  });
}

/** Reads the text that ends each record; older files do not have it. */
export function readSeparator(fields: Fields): string | undefined {
  if (fields.get('separator') === undefined) return undefined;
  const separator = fields.string('separator');
  if (separator === '' || separator.length > limits.separator) {
    fields.fail('separator', `a text of 1 to ${limits.separator} characters`);
  }
  return separator;
}

/** Reads the vocabulary, and checks that its size is the one that the model records. */
export function readVocabulary(fields: Fields, model: ModelConfig): Vocabulary {
  const name = fields.name('vocabulary');
  const vocabulary = Vocabulary.fromJSON(fields.get('vocabulary'), name);
  if (vocabulary.size !== model.vocabulary) {
    throw new CharnnError(
      `${name} has ${vocabulary.size - 1} characters, but the model has ${model.vocabulary - 1}`,
    );
  }
  for (const mark of model.pairs ? [0x09, 0x0a] : []) {
    if (vocabulary.id(mark) !== vocabulary.unknownId) continue;
    throw new CharnnError(`${name} has no tab or no line feed, which end sources and targets`);
  }
  return vocabulary;
}

export function readHistory(fields: Fields): HistoryEntry[] {
  return fields.objects('history').map((entry) => {
    const keys = Object.keys(entry.value);
    return Object.fromEntries(keys.map((key) => [key, entry.numberOrNull(key)]));
  });
}
