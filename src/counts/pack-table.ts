/**
 * Encodes an n-gram table as bytes, for files. Level by level, each context has a byte with the number of its children
 * and that of its entries, where 15 means that the number follows; the character that its parent lacks; and its
 * entries, each a character and a count. Characters are encoded as differences, since they ascend among siblings and
 * within a list. All other numbers are encoded with seven bits per byte, lowest first.
 */
import { CharnnError } from '../errors.js';
import { sharedBuffer } from '../machine/shared-memory.js';
import { newIds } from '../text/ids.js';
import { maxContextFor } from './ngram-layout.js';
import { type ContextLevel, contextsOf, entriesOf, type NgramTable } from './ngram-table.js';

/** The facts about an n-gram table that a model file records in addition to the table's bytes */
export interface TableHead {
  readonly context: number;
  readonly cutoff: number;
  readonly discounts: readonly number[];
  /** Number of contexts by length of the context */
  readonly contexts: readonly number[];
  readonly entries: readonly number[];
}

const short = 15;

export function headOf({ context, cutoff, discounts, levels }: NgramTable): TableHead {
  return {
    context,
    cutoff,
    discounts: Array.from(discounts),
    contexts: levels.map(({ size }) => size),
    entries: levels.map(({ entryCounts }) => entryCounts.length),
  };
}

export function packTable(table: NgramTable): Uint8Array {
  const out = new Writer(4 * contextsOf(table) + 2 * entriesOf(table));
  table.levels.forEach((level, length) => {
    const parents = table.levels[length - 1];
    let parent = 0;
    for (let node = 0; node < level.size; node++) {
      // at the first of several siblings, `parent` moves on to their parent
      while (parents && parents.firstChild[parent + 1] <= node) parent++;
      const isFirst = parents === undefined || parents.firstChild[parent] === node;
      packContext(out, level, node, isFirst ? -1 : level.symbols[node - 1], table.cutoff > 0);
    }
  });
  return out.bytes;
}

function packContext(
  out: Writer,
  level: ContextLevel,
  node: number,
  before: number,
  isPruned: boolean,
): void {
  const { firstChild, firstEntry, entrySymbols, entryCounts, symbols, totals } = level;
  const children = firstChild[node + 1] - firstChild[node];
  const entries = firstEntry[node + 1] - firstEntry[node];
  out.byte((Math.min(short, children) << 4) | Math.min(short, entries));
  if (children >= short) out.number(children - short);
  if (entries >= short) out.number(entries - short);
  out.number(symbols[node] - before - 1);
  let previous = -1;
  let rest = totals[node];
  for (let entry = firstEntry[node]; entry < firstEntry[node + 1]; entry++) {
    out.number(entrySymbols[entry] - previous - 1);
    out.number(entryCounts[entry] - 1);
    previous = entrySymbols[entry];
    rest -= entryCounts[entry];
  }
  // the sum of the counts of this context that were left out of the table
  if (isPruned) out.number(Math.max(0, rest));
}

/**
 * Decodes an n-gram table from the bytes of a file, which may contain anything.
 * @param where what messages call the bytes
 * @throws CharnnError for bytes that are not such a table
 */
export function unpackTable(
  bytes: Uint8Array,
  head: TableHead,
  vocabulary: number,
  where: string,
): NgramTable {
  const { context, cutoff } = head;
  const fail = (what: string): never => {
    throw new CharnnError(`${where} is damaged: ${what}`);
  };
  if (context > maxContextFor(vocabulary)) fail('its contexts are too long for the vocabulary');
  const total = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  // each context and each entry takes at least two bytes, so that a file cannot cause allocations for contents that it
  // does not have
  if (2 * (total(head.contexts) + total(head.entries)) > bytes.length) fail('it is too short');
  if (head.contexts[0] !== 1) fail('it has no beginning');
  const input = new Reader(bytes, fail);
  const levels: ContextLevel[] = [];
  for (let length = 0; length <= context; length++) {
    const sizes = { contexts: head.contexts[length], entries: head.entries[length] };
    const wanted = length < context ? head.contexts[length + 1] : 0;
    const counted = { ...sizes, children: wanted };
    const level = unpackLevel(input, vocabulary, counted, levels[length - 1], cutoff > 0, fail);
    if (level.firstChild[level.size] !== wanted)
      fail('it does not have the declared number of contexts');
    levels.push(level);
  }
  if (!input.isAtEnd) fail('there is more after its end');
  return { vocabulary, context, cutoff, discounts: Float64Array.from(head.discounts), levels };
}

function unpackLevel(
  input: Reader,
  vocabulary: number,
  given: { readonly contexts: number; readonly entries: number; readonly children: number },
  parents: ContextLevel | undefined,
  isPruned: boolean,
  fail: (what: string) => never,
): ContextLevel {
  const { contexts, entries } = given;
  const words = (length: number) => new Uint32Array(sharedBuffer(4 * length));
  const level = {
    size: contexts,
    symbols: newIds(vocabulary, contexts),
    firstChild: words(contexts + 1),
    firstEntry: words(contexts + 1),
    totals: words(contexts),
    entrySymbols: newIds(vocabulary, entries),
    entryCounts: words(entries),
  };
  let [children, entry, parent] = [0, 0, 0];
  for (let node = 0; node < contexts; node++) {
    while (parents && parents.firstChild[parent + 1] <= node) parent++;
    const isFirst = parents === undefined || parents.firstChild[parent] === node;
    const sizes = input.byte();
    children += sizes >> 4 === short ? short + input.number() : sizes >> 4;
    const own = (sizes & short) === short ? short + input.number() : sizes & short;
    if (entry + own > entries) fail('it has more entries than it declares');
    if (children > given.children) fail('it has more contexts than it declares');
    const symbol = input.number() + 1 + (isFirst ? -1 : level.symbols[node - 1]);
    if (symbol >= vocabulary) fail('it has a character beyond the vocabulary');
    level.symbols[node] = symbol;
    let [previous, sum] = [-1, 0];
    for (const end = entry + own; entry < end; entry++) {
      previous += input.number() + 1;
      if (previous >= vocabulary) fail('it has a character beyond the vocabulary');
      const count = input.number() + 1;
      level.entrySymbols[entry] = previous;
      level.entryCounts[entry] = count;
      sum += count;
    }
    if (isPruned) sum += input.number();
    if (sum < 1 || sum > 0xffffffff) fail('its counts are out of range');
    level.totals[node] = sum;
    level.firstChild[node + 1] = children;
    level.firstEntry[node + 1] = entry;
  }
  if (entry !== entries) fail('it has fewer entries than it declares');
  return level;
}

class Writer {
  private room: Uint8Array;
  private length = 0;

  constructor(size: number) {
    this.room = new Uint8Array(size + 16);
  }

  byte(value: number): void {
    if (this.length === this.room.length) {
      const larger = new Uint8Array(2 * this.room.length);
      larger.set(this.room);
      this.room = larger;
    }
    this.room[this.length++] = value;
  }

  /** @param value below 2^32 */
  number(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  get bytes(): Uint8Array {
    return this.room.subarray(0, this.length);
  }
}

class Reader {
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fail: (what: string) => never,
  ) {}

  byte(): number {
    if (this.at === this.bytes.length) this.fail('it ends too early');
    return this.bytes[this.at++];
  }

  number(): number {
    let [value, factor] = [0, 1];
    for (let i = 0; i < 5; i++, factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value > 0xffffffff ? this.fail('a number is too large') : value;
    }
    return this.fail('a number is too large');
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }
}
