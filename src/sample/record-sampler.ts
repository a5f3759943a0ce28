/**
 * Samples one record. If an unprinted record, the lead-in, precedes it, that is sampled first; then the prompt is read;
 * then characters are drawn until the record ends.
 */
import { Random } from '../model/random.js';
import type { CharacterSampler } from './character-sampler.js';
import { LeadIn, needsLeadIn } from './lead-in.js';
import { NoRepeatNgram } from './no-repeat-ngram.js';
import type { ConstraintState } from './pattern/constraint.js';
import { type SampleSettings, temperatureAt } from './settings.js';
import { StopMatcher } from './stop-matcher.js';

/** The rules that all records of a batch share */
export interface RecordRules {
  readonly settings: SampleSettings;
  /** Number of symbols in the vocabulary, without the unknown one */
  readonly symbols: number;
  readonly constraint: ConstraintState | undefined;
}

export class RecordSampler {
  /** Id that the model reads next */
  input: number;
  done = false;
  /** Whether a stop sequence has ended the record */
  hasEnded = false;
  /** The lead-in (an unprinted record before this one), while it is being sampled */
  private leadIn: LeadIn | undefined;
  private prompt: ArrayLike<number>;
  private promptRead = 0;
  private drawn = 0;
  /** Ids that were drawn but not yet returned by `take` */
  private fresh: number[] = [];
  private readonly settings: SampleSettings;
  private readonly random: Random;
  private readonly stops: StopMatcher;
  private readonly noRepeatNgram: NoRepeatNgram | undefined;
  private constraint: ConstraintState | undefined;
  /** A mask with 1 for each permitted id; absent if all are permitted */
  private readonly logitMask: Uint8Array | undefined;

  /**
   * @param first the id that the model reads before the prompt
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
    this.stops = new StopMatcher(settings.stops);
    this.constraint = constraint;
    if (settings.banRepeats !== undefined)
      this.noRepeatNgram = new NoRepeatNgram(settings.banRepeats);
    if (this.noRepeatNgram || constraint) this.logitMask = new Uint8Array(symbols).fill(1);
    this.done = settings.length === 0 || !this.updateMask();
  }

  /**
   * Takes the logits of the character after `input`, and decides what is read next: a character of the prompt, or one
   * drawn from the logits.
   * @param start index at which this record's row begins
   */
  advance(logits: Float32Array, start: number, sampler: CharacterSampler): void {
    if (this.leadIn !== undefined) {
      const temperature = temperatureAt(this.settings, this.index, 0);
      this.input = sampler.sample(logits, start, temperature, this.random);
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
    this.push(sampler.sample(logits, start, temperature, this.random, this.logitMask));
  }

  /** Returns the ids that are certain to belong to the record and were not returned before. */
  take(): number[] {
    const held = this.done ? 0 : Math.min(this.stops.uncertain, this.fresh.length);
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
    this.noRepeatNgram?.push(id);
    const end = this.stops.push(id);
    if (end !== undefined && !end.kept) this.fresh.length -= end.ids.length;
    this.hasEnded = end !== undefined;
    this.done = this.hasEnded || this.drawn >= this.settings.length || !this.updateMask();
  }

  /** Sets the mask of permitted ids; returns false if none is permitted. */
  private updateMask(): boolean {
    const { logitMask, constraint, noRepeatNgram } = this;
    if (logitMask === undefined) return true;
    if (constraint === undefined) logitMask.fill(1);
    else if (!constraint.writeMask(logitMask, this.settings.length - this.drawn)) return false;
    const banned = noRepeatNgram?.banned().filter((id) => logitMask[id] === 1) ?? [];
    for (const id of banned) logitMask[id] = 0;
    // if each permitted character would repeat a sequence, repeating is better than ending the record early
    if (!logitMask.includes(1)) for (const id of banned) logitMask[id] = 1;
    return true;
  }
}
