/** The course of one record: its prompt is read, then characters are drawn until it ends. */
import { Random } from '../model/random.js';
import type { Chooser } from './choose.js';
import { EndFinder } from './ends.js';
import { Repeats } from './repeats.js';
import { type SampleSettings, temperatureAt } from './settings.js';

export class RecordCourse {
  /** What the model reads next */
  input: number;
  done = false;
  private promptRead = 0;
  private drawn = 0;
  /** Drawn, not handed over yet */
  private fresh: number[] = [];
  private readonly random: Random;
  private readonly ends: EndFinder;
  private readonly repeats: Repeats | undefined;
  /** By id, 1 for what may come next; only where something may be banned */
  private readonly permitted: Uint8Array | undefined;

  /**
   * @param first what the model reads before the prompt
   * @param prompt the record's own prompt
   * @param symbols size of the vocabulary without the unknown symbol
   */
  constructor(
    readonly index: number,
    first: number,
    private readonly prompt: ArrayLike<number>,
    private readonly settings: SampleSettings,
    symbols: number,
  ) {
    this.input = first;
    this.random = new Random(settings.seed, index);
    this.ends = new EndFinder(settings.ends);
    if (settings.banRepeats !== undefined) {
      this.repeats = new Repeats(settings.banRepeats);
      this.permitted = new Uint8Array(symbols).fill(1);
    }
    this.done = settings.length === 0;
  }

  /**
   * What the model says of the character after `input`: goes on with the prompt, or draws.
   * @param start where this record's row begins
   */
  advance(logits: Float32Array, start: number, chooser: Chooser): void {
    if (this.promptRead < this.prompt.length) {
      this.input = this.prompt[this.promptRead++];
      return;
    }
    const { settings, random } = this;
    const temperature = temperatureAt(settings, this.index, this.drawn);
    const banned = this.ban();
    const id = chooser.choose(logits, start, temperature, random, banned && this.permitted);
    for (const other of banned ?? []) if (this.permitted) this.permitted[other] = 1;
    this.push(id);
  }

  /** The ids that are certain to belong to the record and were not taken before. */
  take(): number[] {
    const held = this.done ? 0 : Math.min(this.ends.uncertain, this.fresh.length);
    const taken = this.fresh;
    this.fresh = held > 0 ? taken.splice(taken.length - held) : [];
    return taken;
  }

  /** Takes what would repeat from the permitted ids; where nothing would be left, it may repeat. */
  private ban(): readonly number[] | undefined {
    const { repeats, permitted } = this;
    const banned = repeats?.banned() ?? [];
    if (permitted === undefined || banned.length === 0) return undefined;
    for (const id of banned) permitted[id] = 0;
    if (permitted.includes(1)) return banned;
    for (const id of banned) permitted[id] = 1;
    return undefined;
  }

  private push(id: number): void {
    this.input = id;
    this.drawn++;
    this.fresh.push(id);
    this.repeats?.push(id);
    const end = this.ends.push(id);
    if (end !== undefined && !end.kept) this.fresh.length -= end.ids.length;
    this.done = end !== undefined || this.drawn >= this.settings.length;
  }
}
