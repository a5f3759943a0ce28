/**
 * The suffix automaton of a text (Blumer et al. 1985): the smallest automaton that accepts every string that occurs in
 * the text. A corpus of any length is read through it once, without being stored, and afterwards it is known which of
 * the text's strings occur in the corpus.
 */
import { CharnnError } from '../errors.js';

/**
 * Max length of the text. Its automaton has at most twice as many states as the text has characters, and three times as
 * many transitions.
 */
const maxTextLength = 2 ** 26;

export class SuffixAutomaton {
  /** By state of the automaton: length of the longest string that leads to the state, and the state's suffix link */
  private readonly length: Int32Array;
  private readonly link: Int32Array;
  private readonly edges: Edges;
  private states = 1;
  /** By state of the automaton: length of the longest string that led to it while the corpus was read; 0 if none did */
  private readonly matched: Int32Array;
  /** The state that the automaton has reached at the current position in the corpus */
  private state = 0;
  private run = 0;

  /** @throws CharnnError when the text is too long for memory */
  constructor(private readonly text: Uint32Array) {
    if (text.length > maxTextLength) {
      throw new CharnnError(
        `the text has ${text.length} characters, more than the ${maxTextLength} that fit: give a part of it`,
      );
    }
    const capacity = Math.max(2, 2 * text.length);
    this.length = new Int32Array(capacity);
    this.link = new Int32Array(capacity);
    this.matched = new Int32Array(capacity);
    this.link[0] = -1;
    this.edges = new Edges(3 * text.length + 1);
    let last = 0;
    for (const symbol of text) last = this.append(symbol, last);
  }

  /** Reads the next piece of the corpus. */
  read(symbols: Uint32Array): void {
    const { length, link, matched, edges } = this;
    let { state, run } = this;
    for (let i = 0; i < symbols.length; i++) {
      let to = edges.get(state, symbols[i]);
      while (to < 0 && state > 0) {
        state = link[state];
        run = length[state];
        to = edges.get(state, symbols[i]);
      }
      if (to < 0) continue;
      state = to;
      run++;
      if (run > matched[state]) matched[state] = run;
    }
    this.state = state;
    this.run = run;
  }

  /** Begins the next file of the corpus; strings that cross the border between files do not count. */
  restart(): void {
    this.state = 0;
    this.run = 0;
  }

  /** For each character of the text: the length of the longest string that ends with it and occurs in the corpus. */
  matches(): Int32Array {
    const { text, edges } = this;
    const lengths = this.longestMatchByState();
    let prefix = 0;
    return Int32Array.from(text, (symbol) => {
      prefix = edges.get(prefix, symbol);
      return lengths[prefix];
    });
  }

  /**
   * By state of the automaton: length of the longest string that occurs in the corpus, among the strings that lead to
   * the state and their suffixes.
   */
  private longestMatchByState(): Int32Array {
    const { length, link } = this;
    const order = this.statesByLength();
    const lengths = this.matched.slice();
    // where a string occurs, all its suffixes occur too
    for (let i = order.length - 1; i > 0; i--) {
      const s = order[i];
      if (lengths[s] > 0 && link[s] > 0) lengths[link[s]] = length[link[s]];
    }
    for (const s of order) if (s > 0 && lengths[s] === 0) lengths[s] = lengths[link[s]];
    return lengths;
  }

  private statesByLength(): Int32Array {
    const { length, states, text } = this;
    const starts = new Int32Array(text.length + 2);
    for (let s = 0; s < states; s++) starts[length[s] + 1]++;
    for (let n = 0; n <= text.length; n++) starts[n + 1] += starts[n];
    const order = new Int32Array(states);
    for (let s = 0; s < states; s++) order[starts[length[s]]++] = s;
    return order;
  }

  private append(symbol: number, last: number): number {
    const { length, link, edges } = this;
    const current = this.states++;
    length[current] = length[last] + 1;
    let p = last;
    while (p >= 0 && edges.get(p, symbol) < 0) {
      edges.set(p, symbol, current);
      p = link[p];
    }
    if (p < 0) {
      link[current] = 0;
      return current;
    }
    const q = edges.get(p, symbol);
    if (length[p] + 1 === length[q]) {
      link[current] = q;
      return current;
    }
    const clone = this.states++;
    length[clone] = length[p] + 1;
    link[clone] = link[q];
    edges.copy(q, clone);
    while (p >= 0 && edges.get(p, symbol) === q) {
      edges.set(p, symbol, clone);
      p = link[p];
    }
    link[q] = clone;
    link[current] = clone;
    return current;
  }
}

/**
 * Transitions of the automaton by state and symbol: a hash table, in which the transitions from one state are also
 * linked, so that they can be copied to another state.
 */
class Edges {
  private readonly mask: number;
  /** By slot of the hash table: index of the transition + 1, or 0 if the slot is free */
  private readonly slots: Int32Array;
  private readonly from: Int32Array;
  private readonly symbol: Uint32Array;
  private readonly to: Int32Array;
  /**
   * By transition, the next transition from the same state; by state, its first transition; each as index + 1, where 0
   * means none
   */
  private readonly following: Int32Array;
  private readonly first: Int32Array;
  private count = 0;

  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * capacity + 2));
    this.mask = size - 1;
    this.slots = new Int32Array(size);
    this.from = new Int32Array(capacity);
    this.symbol = new Uint32Array(capacity);
    this.to = new Int32Array(capacity);
    this.following = new Int32Array(capacity);
    this.first = new Int32Array(capacity);
  }

  /** Returns the state to which a transition leads; -1 if there is no such transition. */
  get(state: number, symbol: number): number {
    const edge = this.slots[this.slotOf(state, symbol)];
    return edge === 0 ? -1 : this.to[edge - 1];
  }

  set(state: number, symbol: number, to: number): void {
    const slot = this.slotOf(state, symbol);
    const known = this.slots[slot];
    if (known > 0) {
      this.to[known - 1] = to;
      return;
    }
    const edge = this.count++;
    this.from[edge] = state;
    this.symbol[edge] = symbol;
    this.to[edge] = to;
    this.following[edge] = this.first[state];
    this.first[state] = edge + 1;
    this.slots[slot] = edge + 1;
  }

  copy(state: number, into: number): void {
    for (let edge = this.first[state]; edge > 0; edge = this.following[edge - 1]) {
      this.set(into, this.symbol[edge - 1], this.to[edge - 1]);
    }
  }

  private slotOf(state: number, symbol: number): number {
    const { slots, from, mask } = this;
    let slot = Math.imul(state ^ Math.imul(symbol, 0x9e3779b1), 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & mask;
    for (let edge = slots[slot]; edge > 0; edge = slots[slot]) {
      if (from[edge - 1] === state && this.symbol[edge - 1] === symbol) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
