import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noveltyOf } from '#charnn/novelty/novel-share.js';
import { SuffixAutomaton } from '#charnn/novelty/suffix-automaton.js';
import { symbolsOf } from '#charnn/text/code-points.js';
import { Folder } from '../commands/run.js';

/** By definition: the longest string that ends at each character and stands in one of the files */
function longest(text: string, files: readonly string[]): number[] {
  return Array.from(text, (_, end) => {
    for (let start = 0; start <= end; start++) {
      if (files.some((file) => file.includes(text.slice(start, end + 1)))) return end + 1 - start;
    }
    return 0;
  });
}

function automatonOf(text: string, files: readonly string[]): SuffixAutomaton {
  const automaton = new SuffixAutomaton(symbolsOf(text));
  for (const file of files) {
    automaton.restart();
    // in pieces, as a file comes
    const symbols = symbolsOf(file);
    for (let at = 0; at < symbols.length; at += 3) automaton.read(symbols.subarray(at, at + 3));
  }
  return automaton;
}

describe('suffix automaton', () => {
  test('finds what the definition finds, in any text and corpus', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 });
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 3 }), (text, files) => {
        const found = Array.from(automatonOf(text, files).matches());
        expect(found).toEqual(longest(text, files));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('shares and runs follow from it', () => {
    const {
      characters,
      newFractions: newShares,
      runs,
    } = noveltyOf(automatonOf('xabcdyabz', ['abcde']), 2);
    expect(characters).toBe(9);
    expect(newShares).toEqual([
      { length: 1, share: 1 - 6 / 9 },
      { length: 2, share: 1 - 4 / 8 },
      { length: 4, share: 1 - 1 / 6 },
      { length: 8, share: 1 },
    ]);
    expect(runs).toEqual([
      { start: 1, length: 4 },
      { start: 6, length: 2 },
    ]);
  });
});

describe('charnn novelty', () => {
  test('reads a pipe and says what was copied', async () => {
    const folder = new Folder();
    folder.write('book.txt', 'Call me Ishmael. Some years ago, never mind how long precisely.');
    const { status, stdout } = await folder.shell(
      'echo "He said: Some years ago, 새로운" | charnn novelty --corpus book.txt --runs 1 --json',
    );
    expect(status).toBe(0);
    const { runs, new: shares } = JSON.parse(stdout);
    expect(runs).toEqual([{ start: 8, length: 17, text: ' Some years ago, ' }]);
    expect(shares[0]).toMatchObject({ length: 1 });
    const table = await folder.shell('charnn novelty --corpus book.txt book.txt');
    expect(table.stdout).toMatch(/^length {5}new\n {5}1 {4}0\.0%\n/);
    expect(table.stdout).toContain('    63 "Call me Ishmael.');
  });

  test('an empty text has nothing; without a corpus it says so', async () => {
    const folder = new Folder();
    folder.write('book.txt', 'abc');
    const empty = await folder.run(['novelty', '--corpus', 'book.txt', '--json'], '');
    expect(JSON.parse(empty.stdout)).toEqual({ characters: 0, new: [], runs: [] });
    const none = await folder.run(['novelty'], 'abc');
    expect([none.status, none.stderr]).toEqual([
      2,
      'charnn: no corpus given: name one with --corpus\n',
    ]);
  });
});
