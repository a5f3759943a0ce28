/** Recognises separators that are whole lines: a mark on a line of its own, or blank lines. */

/** Min number of times that a separator must occur in the samples of the text */
const minBlocks = 10;
/** Max median number of characters between two separators; scenes and chapters, which are no records, are longer. */
const maxBlockLength = 1500;
/** Max fraction of the blocks between separators that may lack a property which is expected of all blocks */
const exceptions = 0.1;
const maxMarkLength = 80;

/** Matches a line of punctuation and symbols only, or a token's name between bars, such as `<|endoftext|>` */
const mark = /^(?:[\p{P}\p{S}]+(?: [\p{P}\p{S}]+)*|<\|\w+\|>)$/u;
/**
 * Matches lines that are not separators: brackets, quotation marks, the rules of tables, and comment signs of common
 * languages
 */
const noMark = /^(?:.*\|.*-.*|[[\](){};,"'`.:?!…]+|\/\/.*|\/\*+|\*+\/|\*|#|"""|'''|```.*|--)$/;

/** The lines between two separators */
type Block = readonly string[];

/**
 * The mark that recurs on a line of its own, together with the blank lines that always surround it.
 * @param windows the lines of each sample of the text
 * @returns the lines of the separator; undefined if there is none
 */
export function separatorLine(windows: readonly (readonly string[])[]): string[] | undefined {
  const counts = new Map<string, number>();
  for (const line of windows.flat()) {
    if (line.length > maxMarkLength || !mark.test(line) || noMark.test(line)) continue;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const byCount = [...counts].sort((a, b) => b[1] - a[1]);
  for (const [line, count] of byCount) {
    if (count < minBlocks) return undefined;
    const blocks = windows.flatMap((window) => blocksBetween(window, (other) => other === line));
    // a separator occurs throughout the text, not in one part of it
    const without = windows.filter((window) => window.length > 0 && !window.includes(line));
    if (without.length > windows.length / 8 || !areRecords(blocks)) continue;
    const before = sameCount(blocks.map((block) => blanksAtEnd(block)));
    const after = sameCount(blocks.map((block) => blanksAtEnd(block.toReversed())));
    return [...Array<string>(before).fill(''), line, ...Array<string>(after).fill('')];
  }
  return undefined;
}

/**
 * Blank lines that separate records, as a list of empty strings.
 * @param windows the lines of each sample of the text
 */
export function blankLines(windows: readonly (readonly string[])[]): string[] | undefined {
  const runs = new Map<number, number>();
  for (const window of windows) {
    let run = 0;
    for (const line of window) {
      if (line === '') run++;
      else {
        if (run > 0) runs.set(run, (runs.get(run) ?? 0) + 1);
        run = 0;
      }
    }
  }
  if (looksLikeProse(windows.flat())) return undefined;
  const wide = [...runs].filter(([length]) => length > 1);
  const total = wide.reduce((sum, [, count]) => sum + count, 0);
  const [length, count] = wide.reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
  if (total >= minBlocks && count >= total * (1 - exceptions)) {
    const separator = Array<string>(length).fill('');
    if (areRecords(blocksByBlankLines(windows, length))) return separator;
  }
  const blocks = blocksByBlankLines(windows, 1);
  return beginAlike(blocks) && areRecords(blocks) ? [''] : undefined;
}

/** Whether the blocks are numerous, short and similar enough to be records */
function areRecords(blocks: readonly Block[]): boolean {
  if (blocks.length < minBlocks) return false;
  const lengths = blocks.map((block) => block.reduce((sum, line) => sum + line.length + 1, 0));
  const empty = blocks.filter((block) => block.every((line) => line === '')).length;
  if (empty > blocks.length * exceptions) return false;
  if (median(lengths) > maxBlockLength) return false;
  // between marks that come in pairs, as around headings, two kinds of blocks alternate
  const even = median(lengths.filter((_, i) => i % 2 === 0));
  const odd = median(lengths.filter((_, i) => i % 2 === 1));
  return Math.max(even, odd) <= 3 * Math.min(even, odd);
}

/** The blocks of lines between separators. Blocks that are cut off by the edge of a sample are left out. */
function blocksBetween(window: readonly string[], isSeparator: (line: string) => boolean): Block[] {
  const blocks: Block[] = [];
  let start: number | undefined;
  window.forEach((line, i) => {
    if (!isSeparator(line)) return;
    if (start !== undefined) blocks.push(window.slice(start, i));
    start = i + 1;
  });
  return blocks;
}

/** The blocks of lines between runs of at least `length` blank lines. */
function blocksByBlankLines(windows: readonly (readonly string[])[], length: number): Block[] {
  return windows.flatMap((window) => {
    const blocks: string[][] = [[]];
    let run = 0;
    for (const line of window) {
      run = line === '' ? run + 1 : 0;
      if (run === length) blocks.push([]);
      else if (run < length || line !== '') blocks.at(-1)?.push(line);
    }
    return blocks.slice(1, -1).filter((block) => block.some((line) => line !== ''));
  });
}

/** Whether the first lines of nearly all blocks begin with the same mark, with which hardly any other line begins. */
function beginAlike(blocks: readonly Block[]): boolean {
  const markOf = (line: string) => /^(?:[^\p{L}\p{N}\s]+|\p{L}+:)/u.exec(line)?.[0];
  const counts = new Map<string | undefined, number>();
  for (const block of blocks) {
    const first = markOf(block.find((line) => line !== '') ?? '');
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  const [begin, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [undefined, 0]);
  if (begin === undefined || count < blocks.length * (1 - exceptions)) return false;
  // quotation marks and dashes begin paragraphs, not records
  if (/^[\p{Pi}\p{Pf}"'«»“”„—–-]/u.test(begin)) return false;
  const others = blocks.flatMap((block) => block.filter((line) => line !== '').slice(1));
  const alike = others.filter((line) => markOf(line) === begin).length;
  return others.length >= blocks.length && alike <= others.length * exceptions;
}

/** Whether lines look like prose: each a long paragraph, or wrapped at a width. */
function looksLikeProse(lines: readonly string[]): boolean {
  const filled = lines.filter((line) => line.trim() !== '');
  return median(filled.map((line) => line.length)) > 60 || areWrapped(filled);
}

/**
 * Whether lines were wrapped at a width: in most cases the next line's first word would not have fitted on the line.
 */
export function areWrapped(lines: readonly string[]): boolean {
  const width = quantile(
    lines.map((line) => line.length),
    0.98,
  );
  if (width < 20) return false;
  let full = 0;
  for (let i = 1; i < lines.length; i++) {
    const [word] = lines[i].split(' ', 1);
    // a line without spaces, as in Chinese, can be broken anywhere
    const isWord = word.length < lines[i].length;
    if (lines[i - 1].length + (isWord ? 1 + word.length : 1) > (isWord ? width : width * 0.9))
      full++;
  }
  return full > lines.length / 2;
}

export function quantile(numbers: readonly number[], fraction: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

function blanksAtEnd(block: Block): number {
  let count = 0;
  while (count < block.length && block[block.length - 1 - count] === '') count++;
  return count;
}

/** The number that nearly all of the given numbers are equal to; 0 if there is none */
function sameCount(numbers: readonly number[]): number {
  const usual = median(numbers);
  const same = numbers.filter((number) => number === usual).length;
  return same >= numbers.length * (1 - exceptions) ? usual : 0;
}
