/** The commands as commander knows them: names, arguments, options, help. */
import { Command, type CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { version } from '../version.js';
import { addOptions, type OptionGroup } from './option.js';

export interface CommandDefinition {
  readonly name: string;
  readonly arguments?: string;
  readonly summary: string;
  readonly description: string;
  readonly options: readonly OptionGroup[];
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Gets the arguments as commander passes them, then the options. */
  readonly run: (...parameters: never[]) => Promise<void>;
}

const helpWidth = 80;

export function createProgram(definitions: readonly CommandDefinition[]): Command {
  const program = new Command('charnn')
    .description('Train character-level recurrent language models, and sample text from them.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command');
  configure(program);
  program.addHelpText(
    'after',
    exampleText([
      ['charnn train book.txt --time 3m', 'learn for three minutes'],
      ['charnn sample --temp 0.8', 'write new text'],
      ['zcat logs/*.gz | charnn train -', 'learn from a stream'],
    ]),
  );
  for (const definition of definitions) {
    const command = program
      .command(definition.name)
      .summary(definition.summary)
      .description(definition.description)
      .helpOption('-h, --help', 'print this help');
    configure(command);
    if (definition.arguments) command.arguments(definition.arguments);
    addOptions(command, definition.options);
    command.addHelpText('after', exampleText(definition.examples));
    command.action(async (...parameters: unknown[]) => {
      // commander appends the command itself
      await definition.run(...(parameters.slice(0, -1) as never[]));
    });
  }
  return program;
}

function configure(command: Command): void {
  command
    .configureHelp({ helpWidth, showGlobalOptions: false })
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
    .replace(/^option '(?:-\w, )?(--[\w-]+)[^']*' argument '[^']*' is invalid\. /s, '$1 ')
    .replace(/\s*\n\(Did you mean (.*)\?\)/s, '; did you mean $1?')
    .replace(/\s+/g, ' ');
  return new UsageError(message.includes('did you mean') ? message : `${message}; see --help`);
}
