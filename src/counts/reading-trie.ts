/**
 * An n-gram table arranged for readers: everything known of a context is stored together, so that for each length of a
 * context only one or two cache lines are fetched, instead of one per list. The contexts follow each other, the root
 * first and then level by level, each as 32-bit numbers:
 *
 *     total, c, e, c characters of longer contexts, c indices where these begin, e characters that followed, e counts
 *
 * where `total` is the sum of the context's counts, c the number of known contexts that are one character longer, and e
 * the number of different characters that followed.
 */
import { sharedBuffer } from '../machine/shared-memory.js';
import type { NgramTable } from './ngram-table.js';

/** Number of 32-bit words that a context has in the trie before its lists */
export const headWords = 3;

const tries = new WeakMap<NgramTable, Uint32Array>();

/** Arranges an n-gram table for readers, in shared memory; repeated calls return the same array. */
export function trieOf(table: NgramTable): Uint32Array {
  const known = table.trie ?? tries.get(table);
  if (known !== undefined) return known;
  const trie = arrange(table);
  tries.set(table, trie);
  return trie;
}

/** A copy of an n-gram table that includes its trie for readers, so that threads share both. */
export function withTrie(table: NgramTable): NgramTable {
  return { ...table, trie: trieOf(table) };
}

function arrange({ levels }: NgramTable): Uint32Array {
  let words = -2;
  for (const { size, entryCounts } of levels) {
    // every context except the root also takes two words in its parent's list: its character and the index of its data
    words += (headWords + 2) * size + 2 * entryCounts.length;
  }
  const trie = new Uint32Array(sharedBuffer(4 * words));
  let at = 0;
  levels.forEach((level, length) => {
    const { size, firstChild, firstEntry, totals, entrySymbols, entryCounts } = level;
    const children = levels[length + 1];
    // index at which the contexts of the next level begin: after all contexts of this one
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
