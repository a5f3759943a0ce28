/**
 * One definition an option: the parser, the help and README.md's tables are all made from it.
 */
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import type { Parse } from './values.js';

export interface OptionDefinition {
  /** As commander writes them: `-o, --output <file>` */
  readonly flags: string;
  /** One line */
  readonly description: string;
  /** Absent for a switch */
  readonly parse?: Parse<unknown>;
  readonly choices?: readonly string[];
  /** Whether it may be given several times; its value is then the list */
  readonly repeatable?: boolean;
  /** What holds when the option is absent, as help shows it */
  readonly default?: string | undefined;
}

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly OptionDefinition[];
}

/** What help and README say of an option: choices and default included. */
export function fullDescription({
  description,
  choices,
  default: absent,
}: OptionDefinition): string {
  const notes = [
    ...(choices ? [choices.join(', ')] : []),
    ...(absent === undefined ? [] : [`default: ${absent}`]),
  ];
  return notes.length > 0 ? `${description} (${notes.join('; ')})` : description;
}

/** Adds options to a command. Absent options stay undefined; configuration fills them in. */
export function addOptions(command: Command, groups: readonly OptionGroup[]): Command {
  for (const { title, options } of groups) {
    for (const definition of options) {
      const option = new Option(definition.flags, fullDescription(definition)).helpGroup(title);
      const { parse, repeatable } = definition;
      if (parse && repeatable) {
        option.argParser((value: string, before: unknown[] = []) => [...before, parse(value)]);
      } else if (parse) {
        // the last one wins
        option.argParser((value: string) => parse(value));
      }
      command.addOption(option);
    }
  }
  return command;
}

/** `--temp` → temp: what help calls it, without its dashes */
function longName({ flags }: OptionDefinition): string {
  return new Option(flags).name();
}

/**
 * Changes one option of those in force, as a line such as `temp 0.8` says. Without a value it is again as
 * it was originally; a switch changes over.
 * @param names of the options that may be changed, without dashes
 * @throws UsageError for a name that is not among them, or a value that is none
 */
export function adjust<Raw extends object>(
  definitions: readonly OptionDefinition[],
  names: readonly string[],
  { now, original }: { readonly now: Raw; readonly original: Raw },
  line: string,
): Raw {
  const [, name, value] = line.match(/^\s*(\S*)(?:\s(.*))?$/s) ?? [];
  const definition = definitions.find((d) => longName(d) === name && names.includes(name));
  if (definition === undefined) throw new UsageError(`no option /${name}: see /options`);
  const key = new Option(definition.flags).attributeName() as keyof Raw;
  const { parse, repeatable } = definition;
  if (parse === undefined) return { ...now, [key]: now[key] !== true };
  if (value === undefined || value === '') return { ...now, [key]: original[key] };
  try {
    const parsed = parse(value);
    return { ...now, [key]: repeatable ? [parsed] : parsed };
  } catch (error) {
    throw new UsageError(`/${name} ${error instanceof Error ? error.message : error}`);
  }
}

/** The options of these names, each as `name value`, or by its name alone where it has none. */
export function optionValues(
  definitions: readonly OptionDefinition[],
  names: readonly string[],
  values: object,
): string[] {
  return names.map((name) => {
    const definition = definitions.find((d) => longName(d) === name);
    if (definition === undefined) throw new Error(`no option is named ${name}`);
    const key = new Option(definition.flags).attributeName();
    const value = (values as Record<string, unknown>)[key];
    if (value === undefined || value === false) return `${name}   ${definition.description}`;
    return value === true ? `${name} (on)` : `${name} ${value}`;
  });
}
