/** The data of the pages: plain objects, embedded in the page as JSON. */

/** The gradients of one network by lag and by length of the chunk, and the spectra of its recurrent matrices */
export interface GradientsSubject {
  readonly name: string;
  readonly seqLength: number;
  readonly positions: number;
  /** Whether the gradient vanishes or explodes, as the end of a sentence whose subject is the gradient */
  readonly regime: string;
  /** The gradient of truncated back-propagation by length of the chunk; empty if only one length was asked for */
  readonly truncated: readonly {
    readonly seqLength: number;
    readonly activationBytes: number;
    readonly norm: number;
    readonly error: number;
    readonly cosine: number;
  }[];
  readonly flows: readonly {
    readonly name: string;
    readonly cutOff: number;
    /** Mean and percentiles of the gradient norm at lags 1, 2, … */
    readonly mean: readonly number[];
    readonly p10: readonly number[];
    readonly p90: readonly number[];
  }[];
  readonly spectra: readonly {
    readonly name: string;
    /** Singular values of one recurrent matrix, in descending order */
    readonly singularValues: readonly number[];
    readonly spectralRadius: number;
  }[];
  readonly clipping: string | undefined;
}

/** A training run whose gradients explode, by step */
export interface ExplosionData {
  /** How the gradients of the training run are clipped */
  readonly name: string;
  readonly limit: number | null;
  /** Loss in bits per character */
  readonly bits: readonly number[];
  /** Norms of the gradient before and after clipping */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Cosine of the angle between the gradients before and after clipping */
  readonly cosine: readonly number[];
}

export interface GradientsData {
  /** Where the text and the networks come from, as a line under the title */
  readonly provenance?: string;
  readonly subjects: readonly GradientsSubject[];
  readonly explosions?: readonly ExplosionData[];
}

/**
 * A text as a model read it. Numbers by character are in blobs (see `blob` in encode-blobs.ts), little-endian:
 *
 *     ids         Uint8 if the vocabulary has at most 256 symbols, else Uint32    [characters]
 *     surprise    Uint8: bits · 16, at most 255    [characters]
 *     unit-L-U    activations of unit U of layer L, as Int8: -127 to 127 for -1 to 1    [characters]
 *     guesses-P   for part P of the text, which has `partLength` characters: K ids for each character, then K
 *                 probabilities p for each character, as Uint8: 255 · √p
 *     other-…     surprise and guesses of a second model, if there is one, in ids of the first model
 *     steps-L-U   gates and states of unit U of layer L in thousandths, as Int16    [quantities, recorded]
 *     dependence  norms of gradients as Uint8: 255 · √(norm / greatest norm)    [count, K]
 */
export interface VisualizeData {
  /** Where the text and the networks come from, as a line under the title */
  readonly provenance: string;
  /** Kind and size of the network */
  readonly model: string;
  /** The model's file */
  readonly name: string;
  readonly characters: number;
  /** Number of characters that the text had before it was cut to fit the page */
  readonly charactersInAll: number;
  /** Symbols by id */
  readonly symbols: readonly string[];
  /** Bits per character */
  readonly meanSurprise: number;
  /** A second model that read the same text, with its bits per character */
  readonly other: { readonly name: string; readonly meanSurprise: number } | undefined;
  /** Number of guesses for each character */
  readonly guesses: number;
  readonly partLength: number;
  readonly layers: number;
  readonly hidden: number;
  /** Units whose activations are on the page */
  readonly units: readonly UnitData[];
  /** For each feature of the text, such as being inside quotation marks: the units that follow it, best first */
  readonly findings: readonly {
    readonly feature: string;
    readonly units: readonly (UnitData & { readonly score: number })[];
  }[];
  /**
   * Number of characters by which the units that follow features were found: the units are chosen on the first half of
   * these characters, and their scores are computed on the second half
   */
  readonly searched: number;
  /** Names of the gates and states that are recorded for each unit */
  readonly quantities: readonly string[];
  /** Number of characters along which the gates and states are recorded */
  readonly recorded: number;
  /** The predictions whose dependence on the K characters before them has been measured */
  readonly dependence:
    | { readonly first: number; readonly count: number; readonly K: number }
    | undefined;
  readonly saturation: readonly {
    readonly layer: number;
    readonly gate: string;
    readonly left: readonly number[];
    readonly right: readonly number[];
  }[];
}

/**
 * What a model trained on pairs attends to. The blob `weights-p` has the attention weights w of pair p, from each
 * symbol of the target to each position of the source, as Uint8: 255 · √w, so that small weights can be distinguished.
 * The blob `vectors-p` has the elements of the pair's vectors, if it has any, as Uint8: 0 for the smallest of all
 * elements on the page, 255 for the largest.
 */
export interface AttentionData {
  /** Where the pairs and the network come from, as a line under the title */
  readonly provenance: string;
  readonly model: string;
  /** Total number of pairs, some of which are on the page */
  readonly pairsInAll: number;
  /** Number of vectors in each row of the grid in which they are shown; by default it depends on their number */
  readonly grid?: number | undefined;
  readonly pairs: readonly {
    /** The labels, each as `name=value` */
    readonly labels: readonly string[];
    /** Number of vectors, which precede the symbols of the source */
    readonly vectors: number;
    /** The symbols of the source */
    readonly source: readonly string[];
    /** The symbols of the target, including the end */
    readonly target: readonly string[];
    /** Cost of each symbol in bits */
    readonly bits: readonly number[];
  }[];
}

export interface UnitData {
  readonly layer: number;
  readonly unit: number;
}

/** A quantity over the steps of a training run. */
export interface Series {
  /** Steps in ascending order */
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** One training run, read from its model's history or from its log. */
export interface RunData {
  readonly name: string;
  /** Kind and size of the network, if known */
  readonly model: string | undefined;
  /** Bits per character */
  readonly training: Series;
  readonly validation: Series;
  readonly learningRate: Series;
  readonly gradientNorm: Series;
  /**
   * The largest gradient norm of a single step since the previous validation, and the norm of the last step before a
   * validation
   */
  readonly maxGradientNorm: Series;
  readonly lastGradientNorm: Series;
  /** The norm at which gradients are clipped, where that is known */
  readonly clipNorm: number | undefined;
  /** Fraction of the steps in which gradients were clipped */
  readonly clipped: Series;
  /** Characters per second */
  readonly speed: Series;
  readonly samples: readonly { readonly step: number; readonly text: string }[];
}

export interface ReportData {
  /** The files of the runs and the date, as a line under the title */
  readonly provenance: string;
  readonly runs: readonly RunData[];
}

/** A search for a recurrent cell. Losses are in bits per character. */
export interface SearchData {
  /** The text and the date, as a line under the title */
  readonly provenance: string;
  /** The result of the search in a sentence */
  readonly verdict: string;
  readonly parameters: number;
  readonly finalists: readonly {
    readonly name: string;
    readonly hidden: number;
    readonly steps: number;
    /** Mean over the seeds, and half the width of its 95 % confidence interval; undefined if a training run diverged */
    readonly loss: readonly [mean: number, margin: number] | undefined;
    readonly toLstm: readonly [mean: number, margin: number] | undefined;
    /** Mean loss at fractions of the training */
    readonly curve: readonly (readonly [share: number, loss: number])[];
  }[];
  /** All cells, each after the one from which it was made */
  readonly cells: readonly {
    readonly name: string;
    readonly parent: string | undefined;
    readonly equations: string;
    readonly isEvolved: boolean;
    /**
     * The loss after the longest training of the cell in its round of the search; null if training diverged, undefined
     * for LSTM and GRU, which are in no round
     */
    readonly loss: number | null | undefined;
  }[];
}

/** A claim of the lecture, and the figures that were computed for it */
export interface LectureClaim {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Whether the figures show what the claim says */
  readonly holds: boolean;
  /** The figures that were computed for the claim, by name */
  readonly numbers: Readonly<Record<string, number>>;
  readonly chart?: {
    readonly x: readonly number[];
    readonly xLabel: string;
    /** The names of the places on the x axis, if the places are not numbers; x then contains indices of names */
    readonly xNames?: readonly string[];
    readonly logarithmic?: boolean;
    readonly lines: readonly { readonly name: string; readonly y: readonly number[] }[];
  };
  readonly table?: {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  };
}

export interface LectureData {
  readonly provenance: string;
  readonly claims: readonly LectureClaim[];
}
