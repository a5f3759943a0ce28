/** What a model expected at each character of the text. */
import { blobBytes, Cache, idArray } from './decode-blobs.js';
import type { Glyph } from './layout.js';
import type { Guesses } from './text-view.js';

/** The text, which all models on the page read */
export interface ReadText {
  readonly ids: ArrayLike<number>;
  readonly glyphs: readonly Glyph[];
  /** K: the number of guesses for each character */
  readonly guesses: number;
  /** Number of characters whose guesses are decoded together */
  readonly partLength: number;
}

export class ModelReading {
  private readonly parts;

  private constructor(
    readonly name: string,
    private readonly text: ReadText,
    /** How surprising each character was to the model, in sixteenths of a bit */
    readonly surprise: Uint8Array,
    prefix: string,
  ) {
    const { ids, glyphs, guesses: K, partLength } = text;
    this.parts = new Cache(8, async (part): Promise<Guesses> => {
      const buffer = await blobBytes(`${prefix}guesses-${part}`);
      const count = Math.min(partLength, ids.length - Number(part) * partLength);
      const guessIds = idArray(buffer, glyphs.length, count * K);
      return { ids: guessIds, roots: new Uint8Array(buffer, guessIds.byteLength) };
    });
  }

  /** @param prefix of the names of the model's blobs */
  static async load(name: string, text: ReadText, prefix = ''): Promise<ModelReading> {
    return new ModelReading(
      name,
      text,
      new Uint8Array(await blobBytes(`${prefix}surprise`)),
      prefix,
    );
  }

  guesses(part: number): Promise<Guesses> {
    return this.parts.get(`${part}`);
  }

  bitsAt(at: number): string {
    return (this.surprise[at] / 16).toFixed(1);
  }

  /** The most likely characters at a position, with their probabilities */
  async expectedAt(at: number): Promise<string> {
    const { glyphs, guesses: K, partLength } = this.text;
    const part = Math.floor(at / partLength);
    const { ids, roots } = await this.guesses(part);
    const first = (at - part * partLength) * K;
    return Array.from({ length: K }, (_, k) => {
      const percentage = Math.round(100 * (roots[first + k] / 255) ** 2);
      return `${visible(glyphs[ids[first + k]].text)} ${percentage} %`;
    }).join(', ');
  }
}

/** What is shown for a text: a visible sign if the text is a single blank, otherwise the text itself */
export function visible(text: string): string {
  return text === ' ' || text === '\u00a0' ? '␣' : text;
}
