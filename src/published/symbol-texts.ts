/** The texts of ids that follow each other. In a model of bytes, several ids may form one character. */
import { prepareText } from '../text/decode.js';
import type { TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';

const replacement = '\ufffd';

export class SymbolTexts {
  private readonly decoder: InstanceType<typeof TextDecoder> | undefined;

  constructor(private readonly vocabulary: Vocabulary) {
    const isOfBytes = vocabulary.unit === 'byte';
    this.decoder = isOfBytes ? new TextDecoder('utf-8', { ignoreBOM: true }) : undefined;
  }

  /** @returns the text that this id completes, which is empty for a byte that does not complete a character */
  next(id: number): string {
    const symbol = this.vocabulary.symbols[id];
    // a byte that the model does not know is written as `?`, as in `Vocabulary.decodeBytes`
    if (this.decoder) return this.decoder.decode(Uint8Array.of(symbol ?? 0x3f), { stream: true });
    return symbol === undefined ? replacement : String.fromCodePoint(symbol);
  }
}

/** A typed text as ids, with the text of each id; a character that the model does not know is shown as it was typed. */
export function typedText(
  typed: string,
  vocabulary: Vocabulary,
  options: TextOptions,
): {
  readonly ids: ArrayLike<number>;
  readonly texts: readonly string[];
  readonly unknown: number;
} {
  const text = prepareText(typed, options);
  const { ids, unknown } = vocabulary.encode(text);
  if (options.unit === 'char') return { ids, texts: Array.from(text), unknown };
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const texts = Array.from(bytes, (byte) => decoder.decode(Uint8Array.of(byte), { stream: true }));
  return { ids, texts, unknown };
}
