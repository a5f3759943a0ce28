/** What a shell can complete in a charnn command line, in a form that serves all shells. */
import type { OptionRow, OptionTable } from '../../options/table.js';
import type { CommandDefinition } from '../command.js';
import { flagsOf } from '../option.js';

/** What follows a flag: nothing, one of some words, a file, a model, or a value that cannot be completed */
export type CompletedValue =
  | { readonly kind: 'none' | 'file' | 'model' | 'any' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  /** A long flag such as `--output`, or a negated one such as `--no-residual`, which takes no argument */
  readonly long: string;
  /** A short flag such as `-o` */
  readonly short: string | undefined;
  readonly help: string;
  readonly value: CompletedValue;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** What the arguments of the command are, such as files or models */
  readonly argument: CompletedValue;
}

// biome-ignore lint/suspicious/noExplicitAny: the type of the options differs from command to command
type AnyCommand = CommandDefinition<any>;

export function completedCommands(definitions: readonly AnyCommand[]): CompletedCommand[] {
  return definitions.map(({ name, summary, options, arguments: words, choices }) => ({
    name,
    summary,
    options: completedOptions(options),
    argument: argumentOf(words, choices),
  }));
}

function argumentOf(
  words: string | undefined,
  choices: readonly string[] | undefined,
): CompletedValue {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (words === undefined) return { kind: 'none' };
  return { kind: words.includes('model') ? 'model' : 'file' };
}

function completedOptions(table: OptionTable): CompletedOption[] {
  const help = {
    long: '--help',
    short: '-h',
    help: 'print help',
    value: { kind: 'none' },
  } as const;
  const own = Object.entries(table).flatMap(([key, row]): CompletedOption[] => {
    const long = flagsOf(key, row).match(/--[\w-]+/)?.[0] as string;
    const short = row.short === undefined ? undefined : `-${row.short}`;
    const one = { long, short, help: row.help, value: completedValue(row) };
    if (row.negation === undefined) return [one];
    const negated = `--no-${long.slice(2)}`;
    return [one, { long: negated, short: undefined, help: row.negation, value: { kind: 'none' } }];
  });
  return [...own, help];
}

function completedValue({ argument, type }: OptionRow): CompletedValue {
  if (argument === undefined) return { kind: 'none' };
  const words = type.choices ?? type.usual;
  if (words !== undefined) return { kind: 'words', words };
  return { kind: type.names ?? 'any' };
}
