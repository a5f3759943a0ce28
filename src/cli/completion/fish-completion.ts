/** The script by which fish completes command lines. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './completed.js';

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const first = `not __fish_seen_subcommand_from ${names} help`;
  const lines = [
    '# Completion of charnn for fish. To have it in every shell:',
    '# charnn completion fish > ~/.config/fish/completions/charnn.fish',
    // fish's own function for names with a suffix offers all other files as well, so this one filters them out
    'function __charnn_models',
    "    __fish_complete_path (commandline -ct) model | string match -er '(?:\\.json|/)(?:\\t|$)'",
    'end',
    'complete -c charnn -f',
    ...commands.map(
      ({ name, summary }) =>
        `complete -c charnn -n ${quoted(first)} -a ${name} -d ${quoted(summary)}`,
    ),
    `complete -c charnn -n ${quoted(first)} -a help -d 'print the help of a command'`,
    `complete -c charnn -n '__fish_seen_subcommand_from help' -a ${quoted(names)}`,
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ name, options, argument }: CompletedCommand): string[] {
  const when = `complete -c charnn -n '__fish_seen_subcommand_from ${name}'`;
  const words = argument.kind === 'none' ? [] : [`${when} ${action(argument)}`];
  return [...options.map((option) => `${when} ${optionWords(option)}`), ...words];
}

function optionWords({ long, short, help, value }: CompletedOption): string {
  const flags = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const what = `-d ${quoted(help)}`;
  if (value.kind === 'none') return `${flags} ${what}`;
  return `${flags} -r ${action(value)} ${what}`;
}

function action(value: CompletedValue): string {
  switch (value.kind) {
    case 'words':
      return `-f -a ${quoted(value.words.join(' '))}`;
    case 'file':
      return '-F';
    case 'model':
      return "-f -a '(__charnn_models)'";
    default:
      return '-f';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
