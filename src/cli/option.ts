/**
 * One definition an option: the parser, the help and README.md's tables are all made from it.
 */
import { type Command, Option } from 'commander';
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
