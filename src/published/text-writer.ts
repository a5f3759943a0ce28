/**
 * Continues a text: with the same characters as `charnn sample` with the same prompt, seed and back end, each with what
 * the model had predicted. It pauses in between for other work.
 */
import { type Backend, isPending } from '../backend/backend.js';
import type { Model } from '../model/model-data.js';
import { Network } from '../model/network.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import type { TextPiece } from '../pages/model-page.js';
import { type Place, Predictor } from '../predict/predictor.js';
import { CharacterSampler } from '../sample/character-sampler.js';
import { rememberSeparator } from '../sample/read-prompt.js';
import { RecordSampler } from '../sample/record-sampler.js';
import type { SampleSettings } from '../sample/settings.js';
import { textBeginning } from '../text/documents.js';
import type { Vocabulary } from '../text/vocabulary.js';
import { Foretold } from './foretold.js';
import { SymbolTexts } from './symbol-texts.js';

/**
 * The first piece is passed on soon, so that something is seen at once; later ones are about as frequent as the eye can
 * follow.
 */
const firstSliceMs = 8;
const sliceMs = 30;
/** Number of steps between two readings of the clock */
const stepsPerLook = 4;

export interface Prompt {
  readonly ids: ArrayLike<number>;
  /** The text of each id */
  readonly texts: readonly string[];
}

/** Lets other work be done, and says whether to continue. */
export type Pause = () => Promise<boolean>;

export class TextWriter {
  private readonly predictor: Predictor;
  private readonly now: Place;
  /** The predictor's state after reading the latest prompt except its last character */
  private readonly afterPrompt: Place;
  /** What has been read of the latest prompt, and how well it had been predicted */
  private read: { readonly ids: number[]; readonly texts: string[]; readonly foretold: Foretold };
  /** [V] the logits after what has been read of the prompt, which predict the prompt's last character */
  private readonly expected: Float32Array;
  /** The prompt's last character, which is read first when the text is continued */
  private last: number;

  /** @param backend in whose memory the network stays as long as the backend exists */
  constructor(
    private readonly model: Model,
    backend: Backend,
  ) {
    const { config, counts, vocabulary } = model;
    const table = parameterTable(config);
    const flat = backend.tensor([table.flatSize]);
    backend.write(flat, model.weights);
    const weights = new ParameterTensors(backend, table, flat);
    const network = new Network(backend, config, weights, undefined, oneRow);
    network.freeze();
    this.predictor = new Predictor(backend, network, 1, counts);
    this.now = this.predictor.createPlace(1);
    this.afterPrompt = this.predictor.createPlace(1);
    this.read = nothingRead(vocabulary);
    this.expected = new Float32Array(config.vocabulary);
    this.last = textBeginning(vocabulary);
    // this step allocates all the memory that later steps need
    this.predictor.step(this.now, [this.last]);
  }

  /**
   * Reads a prompt. If it begins with all that was read of the preceding prompt, only the rest is read.
   * @returns the prompt's characters, or undefined if the pause said to stop
   */
  async readPrompt(prompt: Prompt, pause: Pause): Promise<TextPiece | undefined> {
    const { predictor, afterPrompt, model, expected } = this;
    const { ids, texts } = prompt;
    if (!this.goesOnWith(prompt)) {
      predictor.clear(afterPrompt);
      rememberSeparator(model, afterPrompt, ids.length > 0);
      this.read = nothingRead(model.vocabulary);
    }
    const { read } = this;
    let end = performance.now() + sliceMs;
    while (read.ids.length < ids.length - 1) {
      const i = read.ids.length;
      this.foretell(i, prompt);
      const answer = predictor.step(afterPrompt, [ids[i]]);
      expected.set(isPending(answer) ? await answer : answer);
      read.ids.push(ids[i]);
      read.texts.push(texts[i]);
      if (performance.now() < end) continue;
      if (!(await pause())) return undefined;
      end = performance.now() + sliceMs;
    }
    if (ids.length === 0) {
      this.last = textBeginning(model.vocabulary);
      return read.foretold.piece;
    }
    // the network reads the prompt's last character only when the text is continued: the next prompt may begin like
    // this one, and have another character in its place
    this.last = ids[ids.length - 1];
    this.foretell(ids.length - 1, prompt);
    const { piece } = read.foretold;
    read.foretold.pop();
    return piece;
  }

  /**
   * Continues after the prompt that was read last.
   * @returns pieces, as they are drawn
   */
  async *draw(settings: SampleSettings, pause: Pause): AsyncGenerator<TextPiece, void, void> {
    const { predictor, now, model } = this;
    const { vocabulary } = model;
    const symbols = vocabulary.symbols.length;
    const sampler = new CharacterSampler(symbols, settings);
    predictor.copyRow(now, 0, this.afterPrompt, 0);
    const record = new RecordSampler(0, this.last, [], {
      settings,
      symbols,
      constraint: undefined,
    });
    const texts = new SymbolTexts(vocabulary);
    const foretold = new Foretold(symbols);
    let end = performance.now() + firstSliceMs;
    while (!record.done) {
      for (let i = 0; i < stepsPerLook && !record.done; i++) {
        const answer = predictor.step(now, [record.input]);
        const logits = isPending(answer) ? await answer : answer;
        record.advance(logits, 0, sampler);
        foretold.add(texts.next(record.input), record.input, logits);
      }
      if (!record.done && performance.now() < end) continue;
      const count = record.take().length;
      if (count > 0) yield foretold.take(count);
      if (!(await pause())) return;
      end = performance.now() + sliceMs;
    }
  }

  /** Whether a prompt begins with what has been read, and has at least one more character */
  private goesOnWith({ ids, texts }: Prompt): boolean {
    const { read } = this;
    const count = read.ids.length;
    if (count === 0 || count >= ids.length) return false;
    // unknown characters share one id, but each has its own text
    return read.ids.every((id, i) => id === ids[i]) && read.texts.every((t, i) => t === texts[i]);
  }

  private foretell(i: number, { ids, texts }: Prompt): void {
    const { foretold } = this.read;
    if (i === 0) foretold.addUnforetold(texts[0]);
    else foretold.add(texts[i], ids[i], this.expected);
  }
}

const oneRow = { maxRows: 1, maxBatch: 1, training: false, dropout: false, weightDrop: false };

function nothingRead({ symbols }: Vocabulary) {
  return { ids: [], texts: [], foretold: new Foretold(symbols.length) };
}
