/** What the pages are given: plain data, as JSON in the page. */

/** One network's gradient by lag and its matrices. */
export interface GradientsSubject {
  readonly name: string;
  readonly seqLength: number;
  readonly positions: number;
  readonly flows: readonly {
    readonly name: string;
    readonly cutOff: number;
    /** At lags 1, 2, … */
    readonly mean: readonly number[];
    readonly p10: readonly number[];
    readonly p90: readonly number[];
  }[];
  readonly spectra: readonly {
    readonly name: string;
    /** Descending */
    readonly singularValues: readonly number[];
    readonly spectralRadius: number;
  }[];
  readonly clipping: string | undefined;
}

export interface GradientsData {
  readonly subjects: readonly GradientsSubject[];
}
