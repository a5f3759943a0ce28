/** The scripts of `charnn completion`, tried in the shells that are installed. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { describe as describeOptions } from '#charnn/cli/option.js';
import { commandsFor } from '#charnn/commands/registry.js';
import { Folder } from './run.js';

const commands = await commandsFor(undefined);
const isThere = (shell: string) => spawnSync(shell, ['--version']).status === 0;

const folder = new Folder();
folder.write('poems.json', '{}');
folder.write('poems.txt', '');
folder.write('with space.json', '{}');
const scripts = new Map<string, string>();
for (const shell of ['bash', 'zsh', 'fish']) {
  const { stdout, status, stderr } = await folder.run(['completion', shell]);
  expect([status, stderr]).toEqual([0, '']);
  scripts.set(shell, stdout);
  folder.write(`script.${shell}`, stdout);
}

test('each script names every command and every option', () => {
  for (const [shell, script] of scripts) {
    for (const { name, options } of commands) {
      expect(script).toMatch(new RegExp(`\\b${name}\\b`));
      for (const { flags } of describeOptions(options)) {
        const long = flags.match(/--([\w-]+)/)?.[1] as string;
        expect(script, `${shell}: ${long}`).toContain(
          shell === 'fish' ? `-l ${long}` : `--${long}`,
        );
      }
    }
  }
});

test('another shell, or none, is refused', async () => {
  for (const args of [['completion'], ['completion', 'bsh']]) {
    const { status, stdout, stderr } = await folder.run(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^charnn: name one shell: bash, zsh or fish/);
  }
  const two = await folder.run(['completion', 'bash', 'zsh']);
  expect([two.status, two.stdout]).toEqual([2, '']);
  expect(two.stderr).toContain('too many arguments');
});

const cases: readonly (readonly [words: readonly string[], some: string[], none: string[]])[] = [
  [[''], ['train', 'sample', 'completion', 'help'], ['poems.txt']],
  [['tr'], ['train'], ['sample']],
  [['train', '--cl'], ['--clip', '--clip-by'], ['--cell']],
  [['train', '--cell', ''], ['lstm', 'gru', 'rnn'], ['poems.txt']],
  [['sample', '-m', ''], ['poems.json', 'with space.json'], ['poems.txt']],
  [['inspect', ''], ['poems.json'], ['poems.txt']],
  [['eval', 'po'], ['poems.txt', 'poems.json'], []],
  [['completion', ''], ['bash', 'zsh', 'fish'], ['poems.txt']],
  [['help', 'sc'], ['score'], ['train']],
];

/** What is offered for the last of these words */
const offers: Readonly<Record<string, (words: readonly string[]) => string>> = {
  bash: (words) => `source ./script.bash
COMP_WORDS=(charnn ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_charnn 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: (words) => `source ./script.fish; complete -C 'charnn ${words.join(' ')}' | cut -f1`,
  // zsh completes in its line editor alone: what it would insert is asked of a session at a terminal
  zsh: (words) => `autoload -U compinit; compinit -D -u; source ./script.zsh
zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "autoload -U compinit; compinit -D -u; source ./script.zsh; PS1='>'; zstyle ':completion:*' list-prompt ''; LISTMAX=0"
sleep 1; zpty -w -n z $'charnn ${words.join(' ')}\\t\\t'; sleep 2; zpty -r z | cat & sleep 1; kill $! 2>/dev/null`,
};

describe.each(['bash', 'zsh', 'fish'])('%s', (shell) => {
  test.runIf(isThere(shell)).each(cases)('%j', (words, some, none) => {
    const { stdout } = spawnSync(shell, ['-c', offers[shell](words)], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    const lines = stdout.split('\n');
    for (const word of some) expect(stdout).toContain(word);
    for (const word of none) expect(lines).not.toContain(word);
  });

  test.runIf(isThere(shell))('has no error of syntax', () => {
    const check = spawnSync(shell, ['-n', `script.${shell}`], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect([check.status, check.stderr]).toEqual([0, '']);
  });
});
