/** A command: its definition and its work, in one object. */
import type { OptionsOf, OptionTable } from '../options/table.js';

/** Loads the definitions of all commands. */
// biome-ignore lint/suspicious/noExplicitAny: the type of the options differs from command to command
export type AllCommands = () => Promise<readonly CommandDefinition<any>[]>;

export interface CommandDefinition<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** The arguments in commander's notation: `[text...]` */
  readonly arguments?: string;
  /** The values of the command's first argument, if only a few are allowed */
  readonly choices?: readonly string[];
  readonly summary: string;
  /** What help says about the command; line ends in it count as blanks */
  readonly description: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly options: Table;
  /** The options that the short help shows, if not all */
  readonly common?: readonly (keyof Table & string)[];
  /** Words that people try instead of the name; a command given by one of them is refused with a hint at the name */
  readonly synonyms?: readonly string[];
  /**
   * What standard output is for. 'result': the command's result; without a reader the command has nothing to do and
   * ends. 'events': messages about work whose result goes into a file; without a reader the work continues.
   */
  readonly standardOutput: 'result' | 'events';
  /**
   * @param allCommands loads the definitions of all commands, for a command that needs them
   * @returns the exit code, if it is a number; any other value means 0
   */
  run(
    args: readonly string[],
    options: OptionsOf<Table>,
    allCommands: AllCommands,
  ): Promise<unknown>;
}

/** Takes a command's definition and infers the type of its options from the table that defines them. */
export function defineCommand<const Table extends OptionTable>(
  definition: CommandDefinition<Table>,
): CommandDefinition<Table> {
  return definition;
}
