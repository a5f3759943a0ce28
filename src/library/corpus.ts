/** Texts to train on. */
import { spelt, UsageError } from '../errors.js';
import { checkOptions, type OptionsOf } from '../options/table.js';
import { loadSources } from '../text/load-corpus.js';
import type { Source } from '../text/sources.js';
import { modelRows } from '../train/schema/model-rows.js';
import { readRows, recordRows, sideRows, sourceRows, textRows } from '../train/schema/text-rows.js';
import { type AbortSignalLike, abortable } from './abort.js';
import { kindOf, requireObject, requirePaths, requireSignal } from './arguments.js';
import type { Ending } from './ending.js';
import { type HeldText, keepText, textOf } from './held.js';
import {
  asLoaded,
  type LoadedText,
  loadTexts,
  noteRare,
  type TextRules,
  textRulesOf,
} from './loaded-text.js';
import type { Messages } from './messages.js';
import { Operations } from './operations.js';

const { pairs } = modelRows;
const stringRows = {
  pairs,
  ...sideRows,
  ...textRows,
  minCount: sourceRows.minCount,
  ...recordRows,
};
const fileRows = { ...stringRows, ...readRows };

/** Options for turning strings into a corpus; names and values are those of `charnn train`. */
export type StringOptions = OptionsOf<typeof stringRows>;

/** Options for turning files or a stream into a corpus; names and values are those of `charnn train`. */
export interface CorpusOptions extends OptionsOf<typeof fileRows> {
  /** A signal that ends reading; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Bytes or text as they arrive: a stream of Node.js, a web stream, or any other async iterable */
export type TextStream = AsyncIterable<string | Uint8Array>;

/** A text to train on, which has been read into memory; no file stays open. */
export class Corpus {
  private constructor(text: HeldText) {
    keepText(this, text);
  }

  /**
   * Reads files, folders (all their text files) or a stream, as one text.
   * @param from a path, several paths, or a stream in UTF-8 or in the encoding of `options.encoding`
   * @throws CharnnError for what cannot be read or is not text
   * @throws UsageError naming an option that is unknown or out of range
   */
  static async load(
    from: string | readonly string[] | TextStream,
    options: CorpusOptions = {},
  ): Promise<Corpus> {
    const { signal: given, ...rest } = requireObject(options, 'Corpus.load');
    checkOptions(fileRows, rest, 'Corpus.load');
    const rules = textRulesOf(rest);
    const listener = new Listener();
    const work = async (ending: Ending): Promise<LoadedText> => {
      const onProgress = () => ending.check();
      if (isStream(from))
        return fromSources([streamSource(from, ending.signal)], rules, listener, onProgress);
      const paths = requirePaths(from, 'the path of a corpus');
      return loadTexts(paths, rules, listener, { onProgress });
    };
    const loaded = await new Operations('the corpus').run(requireSignal(given), work);
    return new Corpus({ loaded, said: listener.said });
  }

  /**
   * Makes a corpus from strings: one text, in which each string is a document (see `documents` of `train`).
   * @throws UsageError naming an option that is unknown or out of range
   * @throws CharnnError if all strings are empty
   */
  static async from(
    strings: string | readonly string[],
    options: StringOptions = {},
  ): Promise<Corpus> {
    checkOptions(stringRows, options, 'Corpus.from');
    const list = typeof strings === 'string' ? [strings] : strings;
    if (!Array.isArray(list) || !list.every((text) => typeof text === 'string')) {
      throw new UsageError(
        `the texts of Corpus.from must be strings, not ${kindOf(Array.isArray(list) ? list.find((text) => typeof text !== 'string') : list)}`,
      );
    }
    if (list.length === 0) throw new UsageError('Corpus.from needs at least one string');
    const listener = new Listener();
    const sources = list.map((text, i) => stringSource(text, `text ${i + 1}`));
    const loaded = await new Operations('the corpus').run(undefined, () =>
      fromSources(sources, textRulesOf(options), listener),
    );
    return new Corpus({ loaded, said: listener.said });
  }

  /** The number of characters of the text, or of bytes with `unit: 'byte'` */
  get characters(): number {
    return heldOf(this).loaded.corpus.ids.length;
  }

  /** The number of files, streams or strings from which the corpus was read */
  get files(): number {
    return heldOf(this).loaded.corpus.files;
  }

  /** The different characters of the text, in the order of their code points; with `unit: 'byte'`, one for each byte */
  get alphabet(): string[] {
    const { vocabulary } = heldOf(this).loaded.corpus;
    return vocabulary.symbols.map((symbol) => String.fromCodePoint(symbol));
  }

  /** Messages from reading the text, for instance about files in a folder that were not text */
  get notes(): string[] {
    return heldOf(this).said.map(({ message }) => message);
  }
}

function heldOf(corpus: Corpus): HeldText {
  return textOf(corpus) as HeldText;
}

class Listener implements Messages {
  readonly said: { type: 'note' | 'warning'; message: string }[] = [];

  note(message: string): void {
    this.said.push({ type: 'note', message: spelt(message) });
  }

  warn(message: string): void {
    this.said.push({ type: 'warning', message: spelt(message) });
  }
}

async function fromSources(
  sources: readonly Source[],
  rules: TextRules & Pick<LoadedText, 'separator'>,
  messages: Messages,
  onProgress?: () => void,
): Promise<LoadedText> {
  const corpus = { ...(await loadSources(sources, { ...rules, onProgress })), folders: [] };
  noteRare(corpus.unknown, messages);
  return { ...asLoaded(rules), corpus, paths: ['-'], leftOut: [] };
}

function isStream(value: unknown): value is TextStream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function streamSource(stream: TextStream, signal: AbortSignal): Source {
  return {
    name: 'the stream',
    label: '-',
    size: undefined,
    async *read() {
      for await (const piece of abortable<unknown>(stream, signal)) {
        if (piece instanceof Uint8Array) yield piece;
        else if (typeof piece === 'string') yield Buffer.from(piece);
        else {
          throw new UsageError(
            `the stream of a corpus must give strings or bytes, but it gave ${kindOf(piece)}`,
          );
        }
      }
    },
  };
}

/** Number of characters of a string that are encoded at once */
const pieceLength = 1 << 20;

function stringSource(text: string, name: string): Source {
  return {
    name,
    label: name,
    size: undefined,
    async *read() {
      for (let from = 0; from < text.length; ) {
        let to = Math.min(text.length, from + pieceLength);
        // a surrogate pair is one character and must not be cut
        if (to < text.length && /[\ud800-\udbff]/.test(text[to - 1])) to--;
        yield Buffer.from(text.slice(from, to));
        from = to;
      }
    },
  };
}
