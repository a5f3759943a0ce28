/** Converts the sources and targets of pairs between text and the ids of a model trained on pairs. */
import type { Model } from '../model/model-data.js';
import { type Encoded, uniformText } from '../text/encode.js';
import { codingOf, type PairCoding } from '../text/pair-coding.js';

export class PairText {
  private readonly coding: PairCoding;

  constructor(private readonly model: Pick<Model, 'vocabulary' | 'text'>) {
    this.coding = codingOf(model.text);
  }

  /**
   * A line as the model reads it, with line ends and normal form converted, and without tabs, which would end the
   * source.
   */
  uniform(line: Uint8Array): string {
    return uniformText(line, this.model.text).replace(/\t/g, ' ');
  }

  /** @param line in the form that `uniform` returns */
  read(line: string): Encoded {
    const { vocabulary } = this.model;
    const characters = this.coding.encode('source', line);
    return vocabulary.encode(this.isBytes ? Buffer.from(characters, 'latin1') : characters);
  }

  /** The text of a target, encoded in UTF-8 unless the target consists of bytes */
  write(ids: ArrayLike<number>): Uint8Array {
    const { vocabulary } = this.model;
    if (this.isBytes) return vocabulary.decodeBytes(ids);
    return this.coding.decode('target', vocabulary.decode(ids));
  }

  /**
   * Characters or symbols of a line that the model does not know
   * @param line in the form that `uniform` returns
   */
  unknownIn(line: string): string[] {
    const parts = this.coding.partsOf('source', line);
    return parts.filter((part) => this.read(part).unknown > 0);
  }

  /** The characters of a target and, if it contains blanks, also the symbols that the blanks separate */
  unitsOf(ids: ArrayLike<number>): { readonly characters: string[]; readonly symbols: string[] } {
    const areBytes = this.isBytes || this.coding.unit('target') === 'byte';
    const text = Buffer.from(this.write(ids)).toString(areBytes ? 'latin1' : 'utf8');
    return {
      characters: Array.from(text),
      symbols: text.split(' ').filter((symbol) => symbol !== ''),
    };
  }

  private get isBytes(): boolean {
    return this.model.text.unit === 'byte';
  }
}
