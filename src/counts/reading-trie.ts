/**
 * A table arranged for readers: all that is known of a context lies together, so that one or two lines of the cache
 * are fetched for each length of a context, not one for each list. Numbers of 32 bits, one context after the other,
 * the root first, then level by level:
 *
 *     total, c, e, c characters of longer contexts, c places where these begin, e characters that followed, e counts
 */
import { sharedBuffer } from '../machine/shared-memory.js';
import type { NgramTable } from './ngram-table.js';

/** Number of words of a context before its lists */
export const headWords = 3;

const tries = new WeakMap<NgramTable, Uint32Array>();

/** The trie of a table on shared memory; it is made at the first call. */
export function trieOf(table: NgramTable): Uint32Array {
  const known = table.trie ?? tries.get(table);
  if (known !== undefined) return known;
  const trie = arrange(table);
  tries.set(table, trie);
  return trie;
}

/** A copy of the table that holds its trie, so that threads share both. */
export function withTrie(table: NgramTable): NgramTable {
  return { ...table, trie: trieOf(table) };
}

function arrange({ levels }: NgramTable): Uint32Array {
  let words = -2;
  for (const { size, entryCounts } of levels) {
    // every context but the root takes two more words in the list of its parent
    words += (headWords + 2) * size + 2 * entryCounts.length;
  }
  const trie = new Uint32Array(sharedBuffer(4 * words));
  let at = 0;
  levels.forEach((level, length) => {
    const { size, firstChild, firstEntry, totals, entrySymbols, entryCounts } = level;
    const children = levels[length + 1];
    // position at which the contexts of the next level begin: after all contexts of this one
    let child = at + headWords * size + 2 * (children?.size ?? 0) + 2 * entryCounts.length;
    for (let node = 0; node < size; node++) {
      const [childCount, entryCount] = [
        firstChild[node + 1] - firstChild[node],
        firstEntry[node + 1] - firstEntry[node],
      ];
      trie[at] = totals[node];
      trie[at + 1] = childCount;
      trie[at + 2] = entryCount;
      at += headWords;
      for (let i = 0; i < childCount; i++) {
        const index = firstChild[node] + i;
        trie[at + i] = children.symbols[index];
        trie[at + childCount + i] = child;
        child += headWords;
        child += 2 * (children.firstChild[index + 1] - children.firstChild[index]);
        child += 2 * (children.firstEntry[index + 1] - children.firstEntry[index]);
      }
      at += 2 * childCount;
      for (let i = 0; i < entryCount; i++) {
        trie[at + i] = entrySymbols[firstEntry[node] + i];
        trie[at + entryCount + i] = entryCounts[firstEntry[node] + i];
      }
      at += 2 * entryCount;
    }
  });
  return trie;
}
