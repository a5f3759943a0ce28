/**
 * Loads a corpus: reads bytes and converts them to ids in one pass, with little more than one copy of the ids in
 * memory.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { CharnnError, optionName } from '../errors.js';
import type { ConditionReader } from './condition-reader.js';
import type { FolderReport, LeavingOut } from './folders.js';
import type { IdList } from './id-list.js';
import { GrowingIds, type GrowingList } from './ids.js';
import { FixedInterner, GrowingInterner, type Interner } from './interner.js';
import type { PairCoding } from './pair-coding.js';
import { readText } from './read-text.js';
import { defaultReading, type ReadingOptions } from './reading-options.js';
import { findSources, type Source } from './sources.js';
import type { Ids, TextOptions, TextUnit } from './unit.js';
import { Vocabulary } from './vocabulary.js';

export interface Corpus extends StoredCorpus {
  /** The whole text, in memory that worker threads share */
  readonly ids: Ids;
}

export interface StoredCorpus {
  /** The whole text, in memory or in a file */
  readonly ids: IdList;
  readonly vocabulary: Vocabulary;
  /** How many of the ids are the unknown symbol */
  readonly unknown: number;
  /** Number of bytes read from the files, before any decoding */
  readonly bytes: number;
  /** SHA-256 of the bytes read, in the order of the files, in hexadecimal */
  readonly sha256: string;
  readonly files: number;
  /** For each folder among the paths, the number of its files and which of them were skipped */
  readonly folders: readonly FolderReport[];
  /** The files, in order; undefined for more than `maxParts` of them */
  readonly parts: readonly CorpusPart[] | undefined;
  /** The position at which each file's text begins, in characters */
  readonly starts: readonly number[];
}

/** One of the files that a corpus was read from. */
export interface CorpusPart {
  /** Path within the folder that was named, base name, or `-` for standard input */
  readonly label: string;
  readonly bytes: number;
  /**
   * SHA-256 of the text up to the end of this file, in hexadecimal; this hash of all bytes so far can be computed for
   * every file in one pass.
   */
  readonly upTo: string;
}

/** Max number of files that a model lists: a longer list would cost more than it helps. */
const maxParts = 10_000;

export interface CorpusOptions {
  readonly text: TextOptions;
  /** Characters that occur fewer times than this become the unknown symbol; ignored if a vocabulary is given. */
  readonly minCount: number;
  /** The vocabulary whose ids are used; without it, one is made from the text. */
  readonly vocabulary?: Vocabulary | undefined;
  /**
   * Encoding, treatment of invalid bytes, and format; by default UTF-8 or what a byte-order mark says, and invalid
   * bytes are errors
   */
  readonly reading?: ReadingOptions | undefined;
  /** The coding of pairs, which adds their symbols as they are read; absent for texts */
  readonly coding?: PairCoding | undefined;
  /** Receives labels and vectors of records */
  readonly beside?: ConditionReader | undefined;
  /** The stream that the path `-` stands for */
  readonly stdin: Readable;
  readonly leavingOut?: LeavingOut | undefined;
  /** Called for each folder before its files are read */
  readonly onFolder?: ((report: FolderReport) => void) | undefined;
  /** Called after each piece; `bytesTotal` is undefined if a pipe is among the paths. */
  readonly onProgress?: ((bytesRead: number, bytesTotal: number | undefined) => void) | undefined;
}

/** Creates the list that takes the ids of a text; without it, they are in memory */
export type ListMaker = (() => Promise<GrowingList>) | undefined;

/**
 * Reads files, folders and standard input as one text. Each file is decoded separately, and they are joined without
 * anything between them.
 *
 * @param paths as `findSources` takes them
 * @throws CharnnError for what cannot be read or decoded, for an empty text, for a text too long for memory, and where
 * `minCount` leaves no character
 */
export async function loadCorpus(paths: readonly string[], options: CorpusOptions): Promise<Corpus>;
export async function loadCorpus(
  paths: readonly string[],
  options: CorpusOptions,
  makeList: ListMaker,
): Promise<StoredCorpus>;
export async function loadCorpus(
  paths: readonly string[],
  options: CorpusOptions,
  makeList?: ListMaker,
): Promise<StoredCorpus> {
  const { text, reading = defaultReading, stdin, leavingOut, onFolder } = options;
  const folders: FolderReport[] = [];
  const sources = await findSources(paths, stdin, {
    reading,
    unit: text.unit,
    leavingOut,
    onFolder(report) {
      folders.push(report);
      onFolder?.(report);
    },
  });
  return { ...(await loadInto(await makeList?.(), sources, options)), folders };
}

/**
 * Reads sources as one text, as `loadCorpus` does.
 * @throws CharnnError as `loadCorpus`
 */
export async function loadSources(
  sources: readonly Source[],
  options: SourceOptions,
): Promise<Corpus> {
  return (await loadInto(undefined, sources, options)) as Corpus;
}

type SourceOptions = Omit<CorpusOptions, 'stdin' | 'leavingOut' | 'onFolder'>;

/** @param list takes the ids; by default they are in memory */
async function loadInto(
  list: GrowingList | undefined,
  sources: readonly Source[],
  options: SourceOptions,
): Promise<StoredCorpus> {
  const { text, minCount, vocabulary } = options;
  const ids = list ?? new GrowingIds();
  const folders: readonly FolderReport[] = [];
  if (vocabulary === undefined) {
    const interner = new GrowingInterner(text.unit);
    const read = await readAll(sources, options, interner, ids);
    return { ...renumber(ids, text.unit, interner.symbols, minCount), ...read, folders };
  }
  if (vocabulary.unit !== text.unit) {
    throw new CharnnError(`the vocabulary's unit is ${vocabulary.unit}, not ${text.unit}`);
  }
  const interner = new FixedInterner(vocabulary);
  const read = await readAll(sources, options, interner, ids);
  return { ids: ids.view(), vocabulary, unknown: interner.unknown, ...read, folders };
}

/**
 * Makes a vocabulary for a text with provisional ids, and converts the text to the vocabulary's ids.
 * @param symbols the symbol of each provisional id
 */
function renumber(
  ids: GrowingList,
  unit: TextUnit,
  symbols: readonly number[],
  minCount: number,
): Pick<StoredCorpus, 'ids' | 'vocabulary' | 'unknown'> {
  // every symbol has occurred at least once, so counting is only needed for a minimum above 1
  const counts = minCount > 1 ? ids.count(symbols.length) : undefined;
  const occurrences = symbols.map((symbol, id) => [symbol, counts?.[id] ?? 1] as const);
  const vocabulary = Vocabulary.fromCounts(unit, occurrences, minCount);
  if (vocabulary.symbols.length === 0) {
    const max = occurrences.reduce((highest, [, count]) => Math.max(highest, count), 0);
    throw new CharnnError(
      `${optionName('minCount')} ${minCount} leaves no character: the most frequent one occurs ${max} times; give a smaller number`,
    );
  }
  let unknown = 0;
  for (const [, count] of occurrences) if (count < minCount) unknown += count;
  ids.rewrite(
    vocabulary.size,
    Uint32Array.from(symbols, (symbol) => vocabulary.id(symbol)),
  );
  return { ids: ids.view(), vocabulary, unknown };
}

async function readAll(
  sources: readonly Source[],
  {
    text,
    reading,
    coding,
    beside,
    onProgress,
  }: Pick<CorpusOptions, 'text' | 'reading' | 'coding' | 'beside' | 'onProgress'>,
  interner: Interner,
  ids: GrowingList,
): Promise<Pick<Corpus, 'bytes' | 'sha256' | 'files' | 'parts' | 'starts'>> {
  const hash = createHash('sha256');
  const total = totalSize(sources);
  const parts: CorpusPart[] | undefined = sources.length <= maxParts ? [] : undefined;
  let bytes = 0;
  const take = (symbols: Uint32Array): void => {
    interner.intern(symbols);
    ids.append(symbols, interner.size);
  };
  const starts: number[] = [];
  const onRaw = (piece: Uint8Array): void => {
    hash.update(piece);
    bytes += piece.length;
    onProgress?.(bytes, total);
  };
  for (const source of sources) {
    starts.push(ids.length);
    const start = bytes;
    await readText(source, { text, reading, coding, beside, onRaw }, take);
    const upTo = () => hash.copy().digest('hex');
    parts?.push({ label: source.label, bytes: bytes - start, upTo: upTo() });
  }
  if (ids.length === 0) {
    const what = sources.length > 1 ? `the text of these ${sources.length} files` : sources[0].name;
    throw new CharnnError(`${what} is empty: at least one character is needed`);
  }
  return { bytes, sha256: hash.digest('hex'), files: sources.length, parts, starts };
}

function totalSize(sources: readonly Source[]): number | undefined {
  let total = 0;
  for (const { size } of sources) {
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}
