/** Joins the pieces in which records are drawn, and selects records that are new. */
import type { Model } from '../model/model-data.js';
import { type CorpusOptions, loadCorpus } from '../text/load-corpus.js';
import type { Chunk } from '../threads/map-ordered.js';

export interface WholeRecord {
  readonly index: number;
  readonly ids: readonly number[];
}

/** Joins the pieces of each record. */
export async function* wholeRecords(
  pieces: AsyncIterable<Chunk<readonly number[]>>,
): AsyncGenerator<WholeRecord, void, void> {
  let before: readonly number[] = [];
  for await (const { index, value, done } of pieces) {
    const ids = before.length === 0 ? value : before.concat(value);
    before = done ? [] : ids;
    if (done) yield { index, ids };
  }
}

/** Max number of consecutive rejected records; after them no more are drawn */
const maxRejected = 10_000;

/**
 * Selects records that are new, until there are as many as are wanted.
 * @param wanted the number of new records; infinite if there is no limit
 * @param onGivenUp is called with how many records were selected, and how many have been rejected since
 */
export async function* selectRecords(
  records: AsyncIterable<WholeRecord>,
  isNew: (record: WholeRecord) => boolean,
  wanted: number,
  onGivenUp: (selected: number, inVain: number) => void = () => {},
): AsyncGenerator<WholeRecord, void, void> {
  let [selected, inVain] = [0, 0];
  for await (const record of records) {
    if (isNew(record)) {
      inVain = 0;
      yield record;
      if (++selected === wanted) return;
    } else if (++inVain >= maxRejected && Number.isFinite(wanted)) {
      onGivenUp(selected, inVain);
      return;
    }
  }
}

/** Returns a test that accepts a record only the first time it occurs. */
export function unseen(): (ids: ArrayLike<number>) => boolean {
  const seen = new Set<string>();
  return (ids) => {
    const before = seen.size;
    seen.add(Array.prototype.join.call(ids));
    return seen.size > before;
  };
}

/**
 * Returns a test that accepts a record that occurs nowhere in these texts.
 * @param paths as `loadCorpus` takes them
 * @throws CharnnError for what cannot be read or decoded
 */
export async function notInTexts(
  paths: readonly string[],
  { text, vocabulary }: Model,
  how: Pick<CorpusOptions, 'reading' | 'onFolder' | 'onProgress'>,
): Promise<(ids: ArrayLike<number>) => boolean> {
  const options = { ...how, text, vocabulary, minCount: 1, stdin: process.stdin };
  return notIn((await loadCorpus(paths, options)).ids);
}

/** Returns a test that accepts a record that does not occur in the corpus. */
export function notIn(corpus: Uint8Array | Uint16Array | Uint32Array) {
  const width = corpus.BYTES_PER_ELEMENT;
  const haystack = Buffer.from(corpus.buffer, corpus.byteOffset, corpus.byteLength);
  const Ids = corpus.constructor as Uint16ArrayConstructor;
  return (ids: ArrayLike<number>): boolean => {
    const needle = Buffer.from(Ids.from(ids).buffer);
    let at = haystack.indexOf(needle);
    // bytes that match from the middle of an id on are not an occurrence of the record
    while (at >= 0 && at % width !== 0) at = haystack.indexOf(needle, at + 1);
    return at < 0;
  };
}
