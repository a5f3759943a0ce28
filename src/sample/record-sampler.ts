/**
 * The course of one record: an unprinted record is drawn before it, where records have a separator; its
 * prompt is read; then characters are drawn until it ends.
 */
import { Random } from '../model/random.js';
import type { Chooser } from './character-sampler.js';
import { LeadIn, needsLeadIn } from './lead-in.js';
import { Repeats } from './no-repeat-ngram.js';
import type { ConstraintState } from './pattern/constraint.js';
import { type SampleSettings, temperatureAt } from './settings.js';
import { EndFinder } from './stop-matcher.js';

/** What all records of a batch have in common */
export interface RecordRules {
  readonly settings: SampleSettings;
  /** Size of the vocabulary without the unknown symbol */
  readonly symbols: number;
  readonly constraint: ConstraintState | undefined;
}

export class RecordCourse {
  /** What the model reads next */
  input: number;
  done = false;
  /** The unprinted record that is still being drawn */
  private leadIn: LeadIn | undefined;
  private prompt: ArrayLike<number>;
  private promptRead = 0;
  private drawn = 0;
  /** Drawn, not handed over yet */
  private fresh: number[] = [];
  private readonly settings: SampleSettings;
  private readonly random: Random;
  private readonly ends: EndFinder;
  private readonly repeats: Repeats | undefined;
  private constraint: ConstraintState | undefined;
  /** By id, 1 for what may come next; only where not everything may */
  private readonly permitted: Uint8Array | undefined;

  /**
   * @param first what the model reads before the prompt
   * @param prompt the record's own prompt
   */
  constructor(
    readonly index: number,
    first: number,
    prompt: ArrayLike<number>,
    { settings, symbols, constraint }: RecordRules,
  ) {
    this.input = first;
    this.prompt = prompt;
    if (needsLeadIn(settings, prompt)) this.leadIn = new LeadIn(settings, prompt);
    this.settings = settings;
    this.random = new Random(settings.seed, index);
    this.ends = new EndFinder(settings.ends);
    this.constraint = constraint;
    if (settings.banRepeats !== undefined) this.repeats = new Repeats(settings.banRepeats);
    if (this.repeats || constraint) this.permitted = new Uint8Array(symbols).fill(1);
    this.done = settings.length === 0 || !this.permit();
  }

  /**
   * What the model says of the character after `input`: goes on with the prompt, or draws.
   * @param start where this record's row begins
   */
  advance(logits: Float32Array, start: number, chooser: Chooser): void {
    if (this.leadIn !== undefined) {
      const temperature = temperatureAt(this.settings, this.index, 0);
      this.input = chooser.choose(logits, start, temperature, this.random);
      const following = this.leadIn.push(this.input);
      if (following === undefined) return;
      this.prompt = following;
      this.leadIn = undefined;
      return;
    }
    if (this.promptRead < this.prompt.length) {
      this.input = this.prompt[this.promptRead++];
      return;
    }
    const temperature = temperatureAt(this.settings, this.index, this.drawn);
    this.push(chooser.choose(logits, start, temperature, this.random, this.permitted));
  }

  /** The ids that are certain to belong to the record and were not taken before. */
  take(): number[] {
    const held = this.done ? 0 : Math.min(this.ends.uncertain, this.fresh.length);
    const taken = this.fresh;
    this.fresh = held > 0 ? taken.splice(taken.length - held) : [];
    return taken;
  }

  private push(id: number): void {
    this.input = id;
    this.drawn++;
    if (this.constraint !== undefined) {
      this.constraint = this.constraint.after(id);
      if (this.constraint === undefined) {
        this.done = true;
        return;
      }
    }
    this.fresh.push(id);
    this.repeats?.push(id);
    const end = this.ends.push(id);
    if (end !== undefined && !end.kept) this.fresh.length -= end.ids.length;
    this.done = end !== undefined || this.drawn >= this.settings.length || !this.permit();
  }

  /** Sets what may come next; says no where nothing may. */
  private permit(): boolean {
    const { permitted, constraint, repeats } = this;
    if (permitted === undefined) return true;
    if (constraint === undefined) permitted.fill(1);
    else if (!constraint.permit(permitted, this.settings.length - this.drawn)) return false;
    const banned = repeats?.banned().filter((id) => permitted[id] === 1) ?? [];
    for (const id of banned) permitted[id] = 0;
    // better a repeat than an end
    if (!permitted.includes(1)) for (const id of banned) permitted[id] = 1;
    return true;
  }
}
