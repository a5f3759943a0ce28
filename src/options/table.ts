/**
 * Tables of options: a row says everything there is to say about one option. The TypeScript type of the options, their
 * parser, `--help`, the tables of README.md and the checks of a library user's values are derived from it.
 */
import { OptionError, UsageError } from '../errors.js';
import { nearest, suggestion } from './suggest.js';
import { boolean, type ValueType } from './types.js';

/**
 * A default that depends on the value of another option, with an entry in `values` for each of that option's values.
 */
export interface DefaultBy<T> {
  readonly option: string;
  readonly values: Readonly<Record<string, T>>;
}

export interface OptionRow<T = unknown> {
  readonly type: ValueType<T>;
  /** The help text, which must be understandable without the lines around it */
  readonly help: string;
  /** The placeholder of the value in help, such as `<n>`; absent for a switch */
  readonly argument?: string;
  /** The flag without dashes; by default made from the option's name: batchSize → batch-size */
  readonly flag?: string;
  /** The short flag, a single letter */
  readonly short?: string;
  /** Other spellings of the flag, accepted silently and not shown in help */
  readonly aliases?: readonly string[];
  /** Spellings of earlier versions, accepted with a warning and not shown in help */
  readonly deprecated?: readonly string[];
  /** The environment variable that gives the value if the option is absent */
  readonly environment?: string;
  /** The value if the option is not given */
  readonly default?: T;
  readonly defaultBy?: DefaultBy<T>;
  /** The default as help shows it, if the default is not a fixed value */
  readonly absent?: string;
  /** The help text of `--no-…`, for a switch that another option may turn on */
  readonly negation?: string;
  /** Options that may not be given together with this one */
  readonly conflicts?: readonly string[];
  /** Title of the section in help */
  readonly topic?: string;

  // --- for options that files record ---

  /** Whether the option may change when a training run is resumed */
  readonly resume?: boolean;
  /** The field of files that records the option, if it differs from the option's name: `schedule.rate` */
  readonly field?: string;
  /** The version of files in which the option first appeared; for earlier files the default is used. */
  readonly since?: number;
  /** Whether the option may be absent from a complete configuration */
  readonly optional?: boolean;
  /** Whether files record the value although no option of the command changes it */
  readonly internal?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds rows of any type
export type OptionTable = Readonly<Record<string, OptionRow<any>>>;

/** The TypeScript type of the values of the option that a row of a table describes */
export type ValueOf<Row> = Row extends { readonly type: ValueType<infer T> } ? T : never;

/** The options of a table, each of which may be absent. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]?: ValueOf<Table[Key]> | undefined;
};

/** All options of a table; only the optional ones may be absent. */
export type Complete<Table extends OptionTable> = {
  readonly [Key in Exclude<keyof Table, OptionalKey<Table>>]: ValueOf<Table[Key]>;
} & { readonly [Key in OptionalKey<Table>]?: ValueOf<Table[Key]> | undefined };

type OptionalKey<Table extends OptionTable> = {
  [Key in keyof Table]: Table[Key] extends { readonly optional: true } ? Key : never;
}[keyof Table];

/** Makes the row of a table of options for an option that takes a value. */
export function option<T, const More extends Omit<OptionRow<T>, 'type' | 'help' | 'argument'>>(
  argument: string,
  type: ValueType<T>,
  help: string,
  more?: More,
): OptionRow<T> & More {
  return { argument, type, help, ...(more as More) };
}

/** Makes the row of a table of options for a switch. */
export function flag<const More extends Omit<OptionRow<boolean>, 'type' | 'help'>>(
  help: string,
  more?: More,
): OptionRow<boolean> & More {
  return { type: boolean, help, ...(more as More) };
}

/** Puts all options of a table into one section of help, which has the given title. */
export function topic<Table extends OptionTable>(title: string, table: Table): Table {
  const rows = Object.entries(table).map(([key, row]) => [key, { ...row, topic: title }]);
  return Object.fromEntries(rows) as Table;
}

/** Converts a name: `layerNorm` → `layer-norm` */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Spells an option as the command line does: `--layer-norm` */
export function flagOf(key: string, value?: string): string {
  return value === undefined ? `--${kebab(key)}` : `--${kebab(key)} ${value}`;
}

/**
 * The default of an option.
 * @param options as they were given, because a default may depend on another option
 */
export function defaultOf(table: OptionTable, key: string, options: object): unknown {
  const { default: value, defaultBy } = table[key];
  if (defaultBy === undefined) return value;
  const given = (options as Record<string, unknown>)[defaultBy.option];
  return defaultBy.values[String(given ?? defaultOf(table, defaultBy.option, options))];
}

/** Fills in the defaults of absent options. Options without a default stay absent. */
export function withDefaults<Table extends OptionTable>(
  table: Table,
  options: OptionsOf<Table>,
): OptionsOf<Table> {
  const entries = Object.keys(table).map((key) => [
    key,
    options[key] ?? defaultOf(table, key, options),
  ]);
  return Object.fromEntries(entries) as OptionsOf<Table>;
}

/**
 * Checks options that a program passes: their names, types and ranges.
 * @param what the function to which they are passed, for messages
 * @throws UsageError naming the option
 */
export function checkOptions<Table extends OptionTable>(
  table: Table,
  options: unknown,
  what: string,
): asserts options is OptionsOf<Table> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new UsageError(`the options of ${what} must be an object`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(table, key)) {
      const hint = suggestion(nearest(key, Object.keys(table)));
      throw new UsageError(`${what} has no option ${JSON.stringify(key)}${hint}`);
    }
    const { type } = table[key];
    if (value === undefined || type.accepts(value)) continue;
    throw new UsageError(`option ${key} must be ${type.expected}, not ${shown(value)}`);
  }
}

/**
 * Refuses options that contradict each other.
 * @throws OptionError naming two of them
 */
export function refuseConflicts(table: OptionTable, options: object): void {
  const given = (key: string) => (options as Record<string, unknown>)[key] !== undefined;
  for (const key of Object.keys(options)) {
    const conflicts = Object.hasOwn(table, key) ? table[key].conflicts : undefined;
    if (conflicts === undefined || !given(key)) continue;
    const other = conflicts.find(given);
    if (other === undefined) continue;
    throw new OptionError(
      (name) => `${name(key)} and ${name(other)} contradict each other: give one of them`,
    );
  }
}

function shown(value: unknown): string {
  const json = jsonOf(value);
  return json.length > 40 ? `${json.slice(0, 40)}…` : json;
}

/** A value as messages show it; not every value can be written as JSON. */
function jsonOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  try {
    return JSON.stringify(value) ?? `a ${typeof value}`;
  } catch {
    return `a ${typeof value}`;
  }
}
