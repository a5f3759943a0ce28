/** The commands in the form that commander needs: names, arguments, options, help. */
import { Command, type CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { nearest, suggestion } from '../options/suggest.js';
import type { AllCommands, CommandDefinition } from './command.js';
import { addOptions, describe } from './option.js';
import { createOutput } from './output.js';
import { versionLines } from './version-lines.js';

const helpWidth = 80;

export interface ProgramSetting {
  /** Called with the command before it runs */
  before(definition: CommandDefinition): void;
  /** Whether help shows only the options that are used most, as -h requests */
  readonly isBrief: boolean;
  readonly allCommands: AllCommands;
}

/**
 * Makes commander's program from the commands.
 * @param definitions the definition of the requested command alone, or those of all commands
 */
export function createProgram(
  // biome-ignore lint/suspicious/noExplicitAny: the type of the options differs from command to command
  definitions: readonly CommandDefinition<any>[],
  setting: ProgramSetting,
): Command {
  const program = new Command('charnn')
    .description('Train character-level recurrent language models, and sample text from them.')
    .option('-V, --version', 'print the version, the back end and the processor')
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
  for (const definition of definitions) addCommand(program, definition, setting);
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
  program.action(async ([word]: readonly string[], { version }: { version?: boolean }) => {
    if (version) {
      process.stdout.write(`${(await versionLines()).join('\n')}\n`);
      return;
    }
    if (word === undefined) program.help({ error: true });
    if (!word.startsWith('-')) refuseCommand(word, definitions);
    throw new UsageError(`unknown option ${JSON.stringify(word)}; see charnn --help`);
  });
  return program;
}

function addCommand(
  program: Command,
  definition: CommandDefinition,
  { before, isBrief, allCommands }: ProgramSetting,
): void {
  const { common } = definition;
  const help =
    common === undefined
      ? 'print this help'
      : 'print the options used most; --help prints all of them';
  const command = program
    .command(definition.name)
    .summary(definition.summary)
    .description(definition.description.replaceAll('\n', ' '))
    .helpOption('-h, --help', help);
  configure(command);
  if (isBrief && common !== undefined) showOnly(command, common);
  if (definition.arguments) command.arguments(definition.arguments);
  addOptions(command, definition.options, (message) => createOutput(false).warn(message));
  command.addHelpText('after', exampleText(definition.examples));
  if (isBrief && common !== undefined) {
    const { name, options } = definition;
    const count = describe(options).length;
    command.addHelpText('after', `\nAll ${count} options: charnn ${name} --help`);
  }
  command.action(async (...parameters: unknown[]) => {
    before(definition);
    // the last parameter is the command itself, which commander appends
    const [options, ...args] = parameters.slice(0, -1).reverse();
    const words = args.reverse().flat() as (string | undefined)[];
    const code = await definition.run(
      words.filter((word) => word !== undefined),
      options as object,
      allCommands,
    );
    if (typeof code === 'number') process.exitCode = code;
  });
}

/** Makes help show only some options, under one title. */
function showOnly(command: Command, keys: readonly string[]): void {
  command.configureHelp({
    ...command.configureHelp(),
    visibleOptions: ({ options }) =>
      options.filter(
        (option) =>
          keys.includes(option.attributeName()) &&
          !option.hidden &&
          !option.long?.startsWith('--no-'),
      ),
    groupItems: (_, visible) => new Map([['Options:', visible]]),
  });
}

function find(program: Command, name: string): Command | undefined {
  return program.commands.find((command) => command.name() === name);
}

/** @throws UsageError that names the command which was probably meant */
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
      // commander would add the environment variable of the option, but the description already names it
      optionDescription: ({ description }) => description,
    })
    // commander prints no errors itself: all of them are phrased in one place, see worded()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .exitOverride();
}

function exampleText(examples: CommandDefinition['examples']): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

/** Converts commander's error to one of ours; undefined when help or the version was requested. */
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
