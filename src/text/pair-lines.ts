/**
 * Converts files of pairs to lines, one for each line of the file: source, tab, target. Lines without a record, such as
 * comments, become empty, so that line numbers do not change.
 */
import type { ConditionReader } from './condition-reader.js';
import { prepareText } from './decode.js';
import type { PairCoding } from './pair-coding.js';
import { type PairRecord, pairRecords } from './pair-formats.js';
import type { ReadingOptions } from './reading-options.js';
import type { TextOptions } from './unit.js';

/** Number of pairs that decide the units given as `auto` */
const decidingPairs = 20_000;

/**
 * Yields the lines of a file of pairs in groups, as they arrive.
 * @param bytes of the file, without a byte-order mark
 * @param name the file, as messages show it
 * @param coding of the sides; units that are `auto` are decided by the first file
 * @throws CharnnError as `pairRecords` does
 */
export async function* pairLines(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  { reading, text, coding, beside }: PairLineOptions,
): AsyncGenerator<Uint8Array, void, void> {
  let waiting: PairRecord[] = [];
  let written = 0;
  const isBytes = text.unit === 'byte';
  const lines = (records: readonly PairRecord[]): Uint8Array => {
    let joined = '';
    for (const record of records) {
      joined += '\n'.repeat(Math.max(0, record.line - written - 1));
      joined += `${lineOf(record, text, coding)}\n`;
      written = record.line;
      beside?.add(record.line - 1, record.further, `${name}, line ${record.line}`);
    }
    return Buffer.from(joined, isBytes ? 'latin1' : 'utf8');
  };
  const onFormat = (format: string) => coding.comeAs(format);
  for await (const records of pairRecords(bytes, name, reading, isBytes, onFormat)) {
    if (coding.isDecided) yield lines(records);
    else {
      waiting = waiting.concat(records);
      if (waiting.length < decidingPairs) continue;
      decide(coding, waiting);
      yield lines(waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) {
    decide(coding, waiting);
    yield lines(waiting);
  }
  beside?.endFile(written);
}

export interface PairLineOptions {
  readonly reading: ReadingOptions;
  readonly text: TextOptions;
  readonly coding: PairCoding;
  /** Receives labels and vectors of the pairs */
  readonly beside?: ConditionReader | undefined;
}

function decide(coding: PairCoding, records: readonly PairRecord[]): void {
  const pairs = records.filter(({ source, target }) => source !== '' && target);
  coding.decide({
    source: pairs.map(({ source }) => source),
    target: pairs.map(({ target }) => target as string),
  });
}

function lineOf(
  { source, target, isWider }: PairRecord,
  text: TextOptions,
  coding: PairCoding,
): string {
  const side = (name: 'source' | 'target', given: string) =>
    coding.encode(name, oneLine(prepareText(given, text)));
  const fields = [
    side('source', source),
    ...(target === undefined ? [] : [side('target', target)]),
  ];
  // further columns are left out, but a tab in their place lets lines with more than two columns be counted
  return fields.join('\t') + (isWider ? '\t' : '');
}

/** Replaces tabs and line ends within a field, which would end it. */
function oneLine(text: string): string {
  return text.replace(/[\t\n]/g, ' ');
}
