/**
 * A page that runs a model: its data, and the messages between the page and its model. The model computes in a thread
 * of its own (`published/page-script.ts`), so that the page stays responsive while it writes.
 */

/** Formats in which a page stores weights; it always computes in float32. */
export const weightFormats = ['f32', 'f16', 'int8'] as const;
export type WeightFormat = (typeof weightFormats)[number];

/** The smallest and the largest value of each control; the server accepts the same ranges. */
export const controlRanges = {
  temperature: [0, 2],
  length: [1, 100_000],
  seed: [0, Number.MAX_SAFE_INTEGER],
} as const;

export const temperatures = {
  expected: `a number from ${controlRanges.temperature.join(' to ')}`,
  holds: (x: number) => x >= controlRanges.temperature[0] && x <= controlRanges.temperature[1],
};

/** The initial settings of the page's controls */
export interface PageSettings {
  readonly prompt: string;
  readonly temperature: number;
  /** Max number of characters that the model writes */
  readonly length: number;
  readonly seed: number;
  /** Sequence that ends the text, with escapes; empty for none */
  readonly stop: string;
  /** The chosen value of each label, as an index among its values; empty if the model has no labels */
  readonly labels: readonly number[];
  /** Vectors of the lines to be converted, one line of numbers for each; empty if the model reads none */
  readonly vectors: string;
}

/** A label of the model, and the values from which the reader chooses */
export interface PageLabel {
  readonly name: string;
  readonly values: readonly string[];
}

/**
 * The data of the page. The model is in `model` and in blobs: `kernels`, `weights`, and `counts` if it has n-gram
 * counts.
 */
export interface ModelPageData {
  readonly title: string;
  /** Paragraphs below the title */
  readonly text: readonly string[];
  /** Whether the page converts lines, instead of continuing a text */
  readonly converts: boolean;
  /** Kind and size of the network, in words */
  readonly summary: string;
  /** The name of each id when it is shown alone: a character, or a byte */
  readonly symbols: readonly string[];
  readonly labels: readonly PageLabel[];
  /** Number of elements of the vectors that precede the characters of a line; 0 if the model reads none */
  readonly vectorSize: number;
  readonly settings: PageSettings;
  /** Everything of the model that is not in blobs, for the thread that runs it */
  readonly model: unknown;
}

/** Blobs of the page by name, each as base64 of gzipped bytes */
export type ModelBlobs = Readonly<Record<'kernels' | 'weights', string>> & {
  readonly counts?: string | undefined;
};

/** What the page requests. A request replaces all earlier requests. */
export type PageRequest =
  | {
      readonly kind: 'open';
      readonly model: unknown;
      readonly blobs: ModelBlobs;
      /** The labels that are chosen at first */
      readonly labels: readonly number[];
    }
  | { readonly kind: 'write'; readonly id: number; readonly settings: PageSettings }
  | {
      readonly kind: 'convert';
      readonly id: number;
      readonly lines: readonly PageLine[];
      readonly labels: readonly number[];
    }
  | { readonly kind: 'stop' };

/** Number of probable characters that are reported for each character */
export const guesses = 5;

/** Characters in their order, and how probable each was before the model read it */
export interface TextPiece {
  /** One text for each symbol; empty for a byte that does not complete a character */
  readonly texts: readonly string[];
  /** Surprise in bits; NaN if nothing was predicted */
  readonly bits: Float32Array;
  /**
   * The most probable ids, most probable first: `guesses` of them for each character. If fewer characters are possible,
   * the rest of the list is -1.
   */
  readonly ids: Int32Array;
  /** The probabilities of the most probable ids, in the order of `ids` */
  readonly probabilities: Float32Array;
}

/** A line to be converted, with its vectors as they were typed */
export interface PageLine {
  readonly text: string;
  readonly vectors: string;
}

export interface ConvertedLine {
  readonly text: string;
  /** How the target ended: by itself, cut off, or refused because the line is too long */
  readonly end: 'end' | 'cut' | 'refused';
  /** Number of characters of the line that the model does not know */
  readonly unknown: number;
}

/** What the model answers; `id` is that of the request. */
export type PageReply =
  | { readonly kind: 'opened' }
  /** The prompt has been read. */
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly piece: TextPiece;
      /** Characters of the prompt that the model does not know */
      readonly unknown: number;
    }
  | { readonly kind: 'written'; readonly id: number; readonly piece: TextPiece }
  | { readonly kind: 'converted'; readonly id: number; readonly lines: readonly ConvertedLine[] }
  | { readonly kind: 'warning'; readonly id: number; readonly message: string }
  /** The request is done, or was stopped. */
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly seconds: number;
      readonly stopped: boolean;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
