/**
 * Options on the command line: the parser, the help and the tables of README.md are all made from one table of options.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.js';
import { kebab, type OptionRow, type OptionTable } from '../options/table.js';
import { ValueError, type ValueType } from '../options/types.js';

/** Flags in commander's notation: `-o, --output <file>` */
export function flagsOf(key: string, row: OptionRow): string {
  const short = row.short === undefined ? '' : `-${row.short}, `;
  const argument = row.argument === undefined ? '' : ` ${row.argument}`;
  return `${short}--${row.flag ?? kebab(key)}${argument}`;
}

/** What help, or a table of README.md, says about one option */
export interface DescribedOption {
  readonly flags: string;
  readonly description: string;
  readonly topic: string;
}

/** What help and README.md say about each option that a table defines, with choices, defaults and negations. */
export function describe(table: OptionTable): DescribedOption[] {
  return Object.entries(table).flatMap(([key, row]) => {
    const topic = row.topic ?? 'Options';
    const described = { flags: flagsOf(key, row), description: fullDescription(row), topic };
    if (row.negation === undefined) return [described];
    return [described, { flags: `--no-${kebab(key)}`, description: row.negation, topic }];
  });
}

function fullDescription(row: OptionRow): string {
  const absent = row.absent ?? defaultInWords(row);
  const notes = [
    ...(isRepeatable(row) ? ['repeatable'] : []),
    ...(row.type.choices ? [row.type.choices.join(', ')] : []),
    ...(absent === undefined ? [] : [`default: ${absent}`]),
    ...(row.environment === undefined ? [] : [`environment: ${row.environment}`]),
  ];
  return notes.length > 0 ? `${row.help} (${notes.join('; ')})` : row.help;
}

function defaultInWords({ argument, default: value, defaultBy }: OptionRow): string | undefined {
  if (defaultBy !== undefined) {
    const names = Object.keys(defaultBy.values);
    const values = [...new Set(Object.values(defaultBy.values))];
    return values
      .map((x) => `${x} for ${names.filter((name) => defaultBy.values[name] === x).join(', ')}`)
      .join('; ');
  }
  return argument === undefined || value === undefined ? undefined : String(value);
}

function isRepeatable(row: OptionRow): boolean {
  return 'each' in row.type;
}

/**
 * Adds options to a command. Absent options stay undefined; the commands fill in defaults.
 * @param warn is called with a message when a spelling of an earlier version is used
 */
export function addOptions(
  command: Command,
  table: OptionTable,
  warn: (message: string) => void,
): Command {
  for (const [key, row] of Object.entries(table)) {
    const flags = flagsOf(key, row);
    const spellings = describe({ [key]: row }).map(({ flags, description }) =>
      optionFor(key, row, flags, description),
    );
    // commander reads an environment variable when its option is added, so the variable must be named before
    if (row.environment !== undefined) spellings[0].env(row.environment);
    for (const option of spellings) command.addOption(option);
    const argument = row.argument === undefined ? '' : ` ${row.argument}`;
    for (const name of row.aliases ?? []) {
      command.addOption(optionFor(key, row, `--${name}${argument}`, row.help).hideHelp());
    }
    for (const name of row.deprecated ?? []) {
      const old = optionFor(key, row, `--${name}${argument}`, row.help).hideHelp();
      const now = flags.match(/--[\w-]+/)?.[0];
      const message = `--${name} is now called ${now}: the old name will be removed in the next version`;
      command.addOption(old);
      command.on(`option:${name}`, () => warn(message));
    }
  }
  return command;
}

function optionFor(key: string, row: OptionRow, flags: string, description: string): Option {
  const option = new Option(flags, description).helpGroup(`${row.topic ?? 'Options'}:`);
  // every spelling of an option sets the same value
  option.attributeName = () => key;
  if (row.argument === undefined) return option;
  return option.argParser((value: string, before: unknown) => {
    const parsed = parse(row.type, value);
    // if an option is given several times, the last value counts, unless the option is a list
    return isRepeatable(row) && Array.isArray(before) ? [...before, ...(parsed as [])] : parsed;
  });
}

function parse(type: ValueType<unknown>, value: string): unknown {
  try {
    return type.parse(value);
  } catch (error) {
    if (error instanceof ValueError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/**
 * Changes one of the current options as a typed line such as `temp 0.8` says. Without a value the option returns to its
 * original value; a switch is toggled.
 * @param keys of the options that may be changed
 * @throws UsageError for a name that is not among them, and for a wrong value
 */
export function adjust<Options extends object>(
  table: OptionTable,
  keys: readonly string[],
  { now, original }: { readonly now: Options; readonly original: Options },
  line: string,
): Options {
  const [, name, value] = line.match(/^\s*(\S*)(?:\s(.*))?$/s) ?? [];
  const key = keys.find((k) => [kebab(k), ...(table[k].aliases ?? [])].includes(name));
  if (key === undefined)
    throw new UsageError(`there is no option /${name}: type /options for a list`);
  const row = table[key];
  const values = now as Readonly<Record<string, unknown>>;
  if (row.argument === undefined) return { ...now, [key]: values[key] !== true };
  if (value === undefined || value === '') {
    return { ...now, [key]: original[key as keyof Options] };
  }
  try {
    return { ...now, [key]: row.type.parse(value) };
  } catch (error) {
    throw new UsageError(`/${name} ${error instanceof Error ? error.message : error}`);
  }
}

/** The options with these keys, each as `name value`; an option without a value is followed by its help. */
export function optionValues(
  table: OptionTable,
  keys: readonly string[],
  values: object,
): string[] {
  return keys.map((key) => {
    const value = (values as Readonly<Record<string, unknown>>)[key];
    if (value === undefined || value === false) return `${kebab(key)}   ${table[key].help}`;
    return value === true ? `${kebab(key)} (on)` : `${kebab(key)} ${value}`;
  });
}
