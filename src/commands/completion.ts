/** `charnn completion`: prints the script by which a shell completes command lines. */

import { defineCommand } from '../cli/command.js';
import { bashCompletion } from '../cli/completion/bash-completion.js';
import { completedCommands } from '../cli/completion/completed.js';
import { fishCompletion } from '../cli/completion/fish-completion.js';
import { zshCompletion } from '../cli/completion/zsh-completion.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { nearest, suggestion } from '../options/suggest.js';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
const shells = Object.keys(scripts) as (keyof typeof scripts)[];

export const completion = defineCommand({
  name: 'completion',
  arguments: '[shell]',
  choices: shells,
  summary: 'print a script that completes command lines in a shell',
  description:
    'Print the script by which bash, zsh or fish completes commands, options, their\nvalues and the names of models.',
  examples: [
    ['charnn completion bash >> ~/.bashrc', 'in every bash from now on'],
    ['source <(charnn completion zsh)', 'in this zsh, or in ~/.zshrc'],
    ['charnn completion fish | source', 'in this fish'],
  ],
  synonyms: ['completions', 'complete'],
  options: { debug: rows.debug },
  standardOutput: 'result',
  async run([shell, more], _, allCommands) {
    const known = shells.find((name) => name === shell?.toLowerCase());
    if (known === undefined || more !== undefined) {
      const hint = shell === undefined ? '' : suggestion(nearest(shell, shells));
      throw new UsageError(`name one shell: bash, zsh or fish${hint}`);
    }
    const commands = completedCommands(await allCommands());
    process.stdout.write(scripts[known](commands));
  },
});
