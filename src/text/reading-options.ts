/** How files are read: their encoding, the treatment of invalid bytes, and which part of a file is the text. */
import { CharnnError, optionName } from '../errors.js';

export const invalidActions = ['error', 'replace', 'skip'] as const;
/** How invalid bytes are treated: refuse the file, replace them by U+FFFD, or skip them */
export type InvalidAction = (typeof invalidActions)[number];

export const textFormats = ['lines', 'csv', 'tsv', 'ndjson', 'dict'] as const;
/**
 * `lines`: the whole file is the text; `csv`, `tsv`, `ndjson`: one column of a table, each record of which is one line;
 * `dict` is only for pairs, see pair-formats.ts
 */
export type TextFormat = (typeof textFormats)[number];

/** The columns with labels and vectors */
export interface BesideColumns {
  readonly labels: readonly string[];
  /** The column with vectors, if there is one */
  readonly vector?: string | undefined;
}

/** The names of the columns with labels, and then that of the column with vectors */
export function besideNames(columns: BesideColumns | undefined): readonly string[] {
  if (columns === undefined) return [];
  const { labels, vector } = columns;
  return vector === undefined ? labels : [...labels, vector];
}

export interface ReadingOptions {
  /** The encoding, by a canonical name of `encodingNamed`; undefined: UTF-8, or what a byte-order mark says */
  readonly encoding?: string | undefined;
  readonly invalid: InvalidAction;
  readonly format: TextFormat;
  /** Name of the column with the text; undefined if the format is `lines`, or the table has one column. */
  readonly column?: string | undefined;
  /** Whether objects may lack the field with the text; the text is then empty. */
  readonly isOptional?: boolean;
  /**
   * Whether files are read as charnn 0.1.0 read them: always as UTF-8, nothing unpacked, and skipping files in folders
   * that contain a NUL byte. A training run that began in this way is resumed in this way.
   */
  readonly plain?: boolean;
  /** Columns with labels and vectors, which are read as well */
  readonly beside?: BesideColumns | undefined;
}

export const defaultReading: ReadingOptions = { invalid: 'error', format: 'lines' };
export const plainReading: ReadingOptions = { ...defaultReading, plain: true };

/**
 * The canonical name of the encoding that has this label in the WHATWG Encoding Standard, in upper or lower case
 * (`latin1` → `windows-1252`); undefined for an unknown label.
 */
export function encodingNamed(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

const usualAdvice = `give ${optionName('invalid', 'replace')} or ${optionName('invalid', 'skip')}, name its encoding with ${optionName('encoding')}, or read its bytes with ${optionName('unit', 'byte')}`;

/** An error about invalid bytes. It records the offset and the byte, so that a caller can add details. */
export class InvalidTextError extends CharnnError {
  /**
   * @param source the file, as messages show it
   * @param fault `is not valid UTF-8`, or the like
   * @param offset number of bytes of the text before the invalid one
   * @param line the line with the invalid byte, counted from 1, where it is known
   */
  constructor(
    readonly source: string,
    readonly fault: string,
    readonly offset: number,
    readonly byte: number,
    {
      advice = usualAdvice,
      line,
    }: { readonly advice?: string; readonly line?: number | undefined } = {},
  ) {
    const place = `at byte ${offset} (0x${byte.toString(16).padStart(2, '0')})`;
    const inLine = line === undefined ? '' : `, in line ${line}`;
    super(`${source} ${fault} ${place}${inLine}: ${advice}`);
  }
}
