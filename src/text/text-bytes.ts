/** Turns a file into text: the only place where files are recognised, unpacked and decoded, or refused. */
import { CharnnError } from '../errors.js';
import type { ReadingOptions } from './reading-options.js';
import { type FileKind, isUndecided, recognise, sniffedBytes } from './recognise.js';
import { requireText } from './require-text.js';
import type { Source } from './sources.js';
import { transcoded } from './transcode.js';
import { unpacked } from './unpack.js';

export interface Opening {
  readonly reading: ReadingOptions;
  /** Called with each piece of the file, before any decoding */
  readonly onRaw?: ((piece: Uint8Array) => void) | undefined;
  /**
   * Whether to wait for the first few kilobytes, so that the file's kind is recognised more reliably. A filter that
   * answers each line as it comes cannot wait, and decides by the bytes that come first.
   */
  readonly patient?: boolean;
  /**
   * Whether the caller skips the byte-order mark of UTF-8 itself, because it counts bytes from the start of the file
   */
  readonly keepMark?: boolean;
}

/** Max depth of packed files within packed files */
const maxLayers = 2;

/**
 * Number of bytes of a packed file that are unpacked to recognise its content: as many as the header of a tar archive
 */
const headerBytes = 512;

/**
 * The text of a file as UTF-8: unpacked and decoded if necessary, without a byte-order mark. Whether it is valid UTF-8
 * is for the caller to check. With plain reading (`ReadingOptions.plain`) it is the bytes of the file.
 *
 * @throws CharnnError for a file that is not text, with advice about what can be done
 */
export async function* textBytes(
  source: Source,
  { reading, onRaw, patient = false, keepMark = false }: Opening,
): AsyncGenerator<Uint8Array, void, void> {
  const raw = onRaw === undefined ? source.read() : observed(source.read(), onRaw);
  if (reading.plain) yield* raw;
  else {
    const text = opened(raw, source, reading, patient ? sniffedBytes : 1, 0);
    yield* keepMark ? text : withoutMark(text);
  }
}

type Named = Pick<Source, 'name' | 'extension'>;

async function* opened(
  pieces: AsyncIterable<Uint8Array>,
  { name, extension }: Named,
  reading: ReadingOptions,
  wanted: number,
  layer: number,
): AsyncGenerator<Uint8Array, void, void> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    const { start, all } = await peek(iterator, wanted);
    requireText(start, name);
    const found = recognise(start, extension);
    const { encoding, invalid } = reading;
    if (found.kind === 'packed') {
      const inner = layer < maxLayers ? unpacked(all, found.packing, name) : undefined;
      if (inner === undefined) throw refused(name, found);
      const innerWanted = Math.max(wanted, headerBytes);
      yield* opened(inner, { name, extension: undefined }, reading, innerWanted, layer + 1);
    } else if (found.kind === 'utf-16') {
      yield* transcoded(all, found.encoding, invalid, name);
    } else if (found.kind === 'text' && found.isMarked) {
      yield* all;
    } else if (found.kind === 'other' && (encoding === undefined || !found.isGuess)) {
      throw refused(name, found);
    } else if (encoding !== undefined && encoding !== 'utf-8') {
      yield* transcoded(all, encoding, invalid, name);
    } else {
      yield* all;
    }
  } finally {
    await iterator.return?.();
  }
}

function refused(name: string, found: Extract<FileKind, { what: string }>): CharnnError {
  const { what, advice } = found;
  const isGuess = found.kind === 'other' && found.isGuess;
  return new CharnnError(`${name} is ${what}${isGuess ? '' : ', not text'}: ${advice}`);
}

async function* observed(pieces: AsyncIterable<Uint8Array>, onRaw: (piece: Uint8Array) => void) {
  for await (const piece of pieces) {
    onRaw(piece);
    yield piece;
  }
}

/**
 * Reads the first bytes of a file: `wanted` of them or the whole file, and more where these few do not settle its kind.
 */
async function peek(
  iterator: AsyncIterator<Uint8Array>,
  wanted: number,
): Promise<{ start: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  let start: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (!ended && (start.length < wanted || isUndecided(start))) {
    const { value, done } = await iterator.next();
    if (done) ended = true;
    // a first piece that is long enough is passed on without a copy
    else start = start.length === 0 && value.length >= sniffedBytes ? value : joined(start, value);
  }
  const rest = ended ? undefined : iterator;
  return { start: start.subarray(0, sniffedBytes), all: wholeOf(start, rest) };
}

async function* wholeOf(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  if (start.length > 0) yield start;
  while (rest !== undefined) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.concat([a, b]);
}

const mark = [0xef, 0xbb, 0xbf];

/** Removes a byte-order mark from the start of a text, wherever the pieces are cut. */
async function* withoutMark(pieces: AsyncIterable<Uint8Array>) {
  let met = 0;
  for await (const piece of pieces) {
    let from = 0;
    while (met < mark.length && from < piece.length) {
      if (piece[from] === mark[met]) {
        met++;
        from++;
        continue;
      }
      // these bytes began like a byte-order mark but belong to the text
      if (met > 0) yield Uint8Array.from(mark.slice(0, met));
      met = Number.POSITIVE_INFINITY;
    }
    if (from < piece.length) {
      yield piece.subarray(from);
      met = Number.POSITIVE_INFINITY;
    }
  }
  if (met > 0 && met < mark.length) yield Uint8Array.from(mark.slice(0, met));
}
