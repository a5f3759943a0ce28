/** A command: its definition and its work, in one object. */
import type { OptionsOf, OptionTable } from '../options/table.js';

export interface CommandDefinition<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** The arguments as commander writes them: `[text...]` */
  readonly arguments?: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly options: Table;
  /** Synonyms of the name: a command given by one of them is refused with a hint at the name */
  readonly synonyms?: readonly string[];
  /**
   * What standard output is for. 'result': the command's result; without a reader the command has nothing to do and
   * ends. 'events': messages about work whose result goes into a file; without a reader the work continues.
   */
  readonly standardOutput: 'result' | 'events';
  /** @returns the exit code, if it is not 0: a number, or anything else for 0 */
  run(args: readonly string[], options: OptionsOf<Table>): Promise<unknown>;
}

/** Takes a definition and infers the type of its options from their table. */
export function defineCommand<const Table extends OptionTable>(
  definition: CommandDefinition<Table>,
): CommandDefinition<Table> {
  return definition;
}
