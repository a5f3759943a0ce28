/** The scripts of `charnn completion`, tried in the shells that are installed. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { describe as describeOptions } from '#charnn/cli/option.js';
import { commandsFor } from '#charnn/commands/registry.js';
import { Folder } from './run.js';
import { hasPseudoTerminals } from './terminal.js';

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
  [['sample', '--model', 'po'], ['poems.json'], ['poems.txt']],
  [['train', '--init-from', 'po'], ['poems.json'], ['poems.txt']],
  [['train', '--backend', 'na'], ['native'], ['wasm']],
  [['sample', '--no'], ['--no-echo', '--novel'], ['--model']],
  [['inspect', ''], ['poems.json'], ['poems.txt']],
  [['eval', 'po'], ['poems.txt', 'poems.json'], []],
  [['completion', ''], ['bash', 'zsh', 'fish'], ['poems.txt']],
  [['help', 'sc'], ['score'], ['train']],
];

/**
 * For each shell, the program that prints for each case a line with its words, and below it what is offered for the
 * last one.
 */
const programs: Readonly<Record<string, (lines: readonly (readonly string[])[]) => string>> = {
  bash: (lines) => `source ./script.bash
${lines
  .map(
    (words) => `echo '> ${words.join(' ')}'
COMP_WORDS=(charnn ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_charnn 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )
  .join('\n')}`,
  fish: (lines) => `source ./script.fish
${lines.map((words) => `echo '> ${words.join(' ')}'; complete -C 'charnn ${words.join(' ')}' | cut -f1`).join('\n')}`,
  // zsh completes only in its line editor, so an interactive one is started at a pseudo-terminal
  zsh: (lines) => {
    folder.write(
      '.zshrc',
      `autoload -Uz compinit; compinit -D -u; source ./script.zsh
compadd() {
  local -a offered
  # calls that fill an array do not offer anything
  if (( ! \${@[(I)-[OAD]]} )); then
    builtin compadd -O offered "$@"
    print -r -l -- \${(Q)offered} >> offers
  fi
  builtin compadd "$@"
}
zle-line-init() {
  for words in ${lines.map((words) => `'${words.join(' ')}'`).join(' ')}; do
    print -r -- "> $words" >> offers
    BUFFER="charnn $words" CURSOR=$((7 + $#words))
    zle list-choices
  done
  exit
}
zle -N zle-line-init
`,
    );
    return `ZDOTDIR=$PWD script -qec 'zsh -i' /dev/null < /dev/null > /dev/null; cat offers`;
  },
};

describe.each(['bash', 'zsh', 'fish'])('%s', (shell) => {
  const missing = [
    ...(isThere(shell) ? [] : [shell]),
    ...(shell === 'zsh' && !hasPseudoTerminals ? ['script'] : []),
  ];
  if (missing.length > 0) {
    test.skip(`is not tried, because ${missing.join(' and ')} is not installed`, () => {});
    return;
  }

  test('completes commands, options, choices, models and files', () => {
    const program = programs[shell](cases.map(([words]) => words));
    const { stdout } = spawnSync(shell, ['-c', program], {
      cwd: folder.path,
      encoding: 'utf8',
      env: { ...process.env, COLUMNS: '200', LINES: '500' },
    });
    const offered = stdout.split(/^> /m).slice(1);
    expect(offered).toHaveLength(cases.length);
    for (const [i, [words, some, none]] of cases.entries()) {
      const [line, ...lines] = offered[i].split('\n');
      expect(line.trim()).toBe(words.join(' ').trim());
      expect(lines, line).toEqual(expect.arrayContaining(some));
      for (const word of none) expect(lines, line).not.toContain(word);
    }
  });

  test('has no error of syntax', () => {
    const check = spawnSync(shell, ['-n', `script.${shell}`], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect([check.status, check.stderr]).toEqual([0, '']);
  });
});
