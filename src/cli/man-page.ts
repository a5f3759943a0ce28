/** The manual page of charnn in the macros of mdoc(7), made from the definitions of the commands. */
import { released, version } from '../version.js';
import type { CommandDefinition } from './command.js';
import { type DescribedOption, describe } from './option.js';

// biome-ignore lint/suspicious/noExplicitAny: the type of the options differs from command to command
type AnyCommand = CommandDefinition<any>;

/** @param exits the exit codes and the meaning of each */
export function manPage(
  commands: readonly AnyCommand[],
  exits: readonly (readonly [codes: string, meaning: string])[],
): string {
  const ofOptions = commands.flatMap(({ options }) => describe(options).flatMap(variableOf));
  const variables = [...new Map([...ofOptions, ofColours])].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    `.Dd ${released}`,
    '.Dt CHARNN 1',
    '.Os',
    '.Sh NAME',
    '.Nm charnn',
    '.Nd train character-level recurrent language models and sample text from them',
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar command',
    '.Op Ar options',
    '.Op Ar arguments',
    '.Sh DESCRIPTION',
    ...text(
      'charnn learns from any text which character follows which, and then writes text like it, says how well a text fits, or compresses it. What it has learned is kept in one file, which is charnn.json unless you name another.',
    ),
    `This is version ${version}.`,
    '.Sh COMMANDS',
    ...commands.flatMap(commandLines),
    '.Sh ENVIRONMENT',
    ...list(variables),
    '.Sh EXIT STATUS',
    ...list(exits),
    '.Sh EXAMPLES',
    // the first line of all, .Pp for a new paragraph, is left out, because a heading begins one anyway
    ...commands.flatMap(({ examples }) => examples.slice(0, 1).flatMap(exampleLines)).slice(1),
  ];
  return `${lines.join('\n')}\n`;
}

const ofColours: [string, string] = [
  'NO_COLOR',
  'If it is set, output has no colours. FORCE_COLOR turns colours on, even in pipes.',
];

function variableOf({ flags, description }: DescribedOption): [string, string][] {
  const name = /environment: (\w+)/.exec(description)?.[1];
  const long = flags.match(/--[\w-]+/)?.[0];
  return name === undefined ? [] : [[name, `The value of ${long} if that option is not given.`]];
}

function commandLines(command: AnyCommand): string[] {
  const { name, arguments: words, description, options, examples } = command;
  const described = describe(options);
  const topics = [...new Set(described.map(({ topic }) => topic))];
  return [
    `.Ss ${heading(`charnn ${name}${words === undefined ? '' : ` ${words}`}`)}`,
    ...text(description.replaceAll('\n', ' ')),
    ...topics.flatMap((topic) => [
      ...(topics.length > 1 ? ['.Pp', begun(`${escaped(topic)}:`)] : []),
      ...list(
        described
          .filter((option) => option.topic === topic)
          .map(({ flags, description }) => [flags, sentence(description)] as const),
      ),
    ]),
    '.Pp',
    'Examples:',
    ...examples.flatMap(exampleLines),
  ];
}

function exampleLines([command, what]: readonly [string, string]): string[] {
  return ['.Pp', ...text(`${what}:`), `.Dl ${literal(command)}`];
}

function list(entries: readonly (readonly [string, string])[]): string[] {
  const items = entries.flatMap(([term, meaning]) => [`.It ${literal(term)}`, ...text(meaning)]);
  return ['.Bl -tag -width Ds', ...items, '.El'];
}

function sentence(description: string): string {
  const text = `${description[0].toUpperCase()}${description.slice(1)}`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Splits text into lines, beginning each sentence on a new line, as mdoc requires */
function text(given: string): string[] {
  return given.split(/(?<=[.!?]) +(?=[A-Z])/).flatMap((one) => filled(escaped(one)).map(begun));
}

const longest = 78;

/** Lines of at most 78 bytes; a longer word is not broken. */
function filled(given: string): string[] {
  const lines: string[] = [];
  for (const word of given.split(/\s+/).filter((word) => word !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= longest) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** Text without macros: backslashes, which begin an escape, and characters beyond ASCII are escaped. */
function escaped(given: string): string {
  const plain = given.replaceAll('…', '...').replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return plain.replace(/[^\x20-\x7e]/g, (one) =>
    one === '\n' ? ' ' : `\\[u${one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}

/** A line of text; a full stop or an apostrophe at its beginning, which would begin a roff request, is escaped. */
function begun(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

/** An argument of an mdoc macro, to be taken literally: in quotes, so that no word of it is taken for a macro. */
function literal(given: string): string {
  return `"${quotable(given)}"`;
}

/** The text of a heading; the escape at its end keeps mdoc from taking a last ] for punctuation after the heading. */
function heading(given: string): string {
  return `"${quotable(given)}\\&"`;
}

function quotable(given: string): string {
  return begun(escaped(given)).replaceAll('"', '\\(dq');
}
