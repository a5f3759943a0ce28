/** The commands as commander knows them: names, arguments, options, help. */
import { Command, type CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { nearest, suggestion } from '../options/suggest.js';
import { version } from '../version.js';
import type { CommandDefinition } from './command.js';
import { addOptions } from './option.js';
import { createOutput } from './output.js';

const helpWidth = 80;

/**
 * Makes commander's program of the commands.
 * @param before is called with the name of the command before it runs
 */
export function createProgram(
  // biome-ignore lint/suspicious/noExplicitAny: commands of any options
  definitions: readonly CommandDefinition<any>[],
  before: (definition: CommandDefinition) => void = () => {},
): Command {
  const program = new Command('charnn')
    .description('Train character-level recurrent language models, and sample text from them.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false);
  configure(program);
  program.addHelpText(
    'after',
    exampleText([
      ['charnn train book.txt --time 3m', 'train for three minutes'],
      ['charnn sample --temp 0.8', 'write new text'],
      ['zcat logs/*.gz | charnn train -', 'train on a stream'],
    ]),
  );
  for (const definition of definitions) addCommand(program, definition, before);
  program
    .command('help [command]')
    .description('print the help of a command')
    .helpOption('-h, --help', 'print this help')
    .action((name?: string) => {
      if (name === undefined) program.outputHelp();
      else (find(program, name) ?? refuseCommand(name, definitions)).outputHelp();
    });
  // only an unknown command arrives here as an argument, perhaps with options of the command that was meant
  program.argument('[command...]').usage('[options] [command]');
  program.allowUnknownOption();
  program.action(([word]: readonly string[]) => {
    if (word === undefined) program.help({ error: true });
    if (!word.startsWith('-')) refuseCommand(word, definitions);
    throw new UsageError(`unknown option ${JSON.stringify(word)}; see charnn --help`);
  });
  return program;
}

function addCommand(
  program: Command,
  definition: CommandDefinition,
  before: (definition: CommandDefinition) => void,
): void {
  const command = program
    .command(definition.name)
    .summary(definition.summary)
    .description(definition.description)
    .helpOption('-h, --help', 'print this help');
  configure(command);
  if (definition.arguments) command.arguments(definition.arguments);
  addOptions(command, definition.options, (message) => createOutput(false).warn(message));
  command.addHelpText('after', exampleText(definition.examples));
  command.action(async (...parameters: unknown[]) => {
    before(definition);
    // commander appends the command itself
    const [options, ...args] = parameters.slice(0, -1).reverse();
    const words = args.reverse().flat() as (string | undefined)[];
    const code = await definition.run(
      words.filter((word) => word !== undefined),
      options as object,
    );
    if (typeof code === 'number') process.exitCode = code;
  });
}

function find(program: Command, name: string): Command | undefined {
  return program.commands.find((command) => command.name() === name);
}

/** @throws UsageError that names the command which was likely meant */
function refuseCommand(name: string, definitions: readonly CommandDefinition[]): never {
  const synonyms = definitions.flatMap(({ name, synonyms = [] }) =>
    synonyms.map((synonym) => [synonym, name]),
  );
  const names = [...definitions.map((definition) => definition.name), 'help'];
  const meant = nearest(name, names, Object.fromEntries(synonyms));
  const hint = meant === undefined ? '; see charnn --help' : suggestion(meant);
  throw new UsageError(`unknown command ${JSON.stringify(name)}${hint}`);
}

function configure(command: Command): void {
  command
    .configureHelp({
      helpWidth,
      showGlobalOptions: false,
      // the description names the environment variable already
      optionDescription: ({ description }) => description,
    })
    // errors are worded in one place, see worded()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .exitOverride();
}

function exampleText(examples: CommandDefinition['examples']): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

/** commander's complaint as an error of ours, or undefined when help or the version was asked for. */
export function worded(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0 || error.code === 'commander.help') return undefined;
  const message = error.message
    .replace(/^error: /, '')
    .replace(
      /^option '(?:-\w, )?(--[\w-]+)[^']*' value '[^']*' from env '(\w+)' is invalid\. /s,
      '$2 ',
    )
    .replace(/^option '(?:-\w, )?(--[\w-]+)[^']*' argument '[^']*' is invalid\. /s, '$1 ')
    .replace(/\s*\n\(Did you mean (.*)\?\)/s, '; did you mean $1?')
    .replace(/\s+/g, ' ');
  return new UsageError(message.includes('did you mean') ? message : `${message}; see --help`);
}
