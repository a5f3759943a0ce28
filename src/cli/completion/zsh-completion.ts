/** The script by which zsh completes command lines. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './completed.js';

export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`));
  return `#compdef charnn
# Completion of charnn for zsh. To have it in every shell, after compinit: source <(charnn completion zsh)
_charnn() {
  local -a commands
  commands=(
    ${described.join('\n    ')}
    'help:print the help of a command'
  )
  if ((CURRENT == 2)); then
    _describe -t commands 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join('\n')}
    help) _describe -t commands 'command' commands ;;
  esac
}
if [[ $funcstack[1] == _charnn ]]; then
  _charnn "$@"
else
  compdef _charnn charnn
fi
`;
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const specs = options.map(optionSpec);
  const rest = argument.kind === 'none' ? [] : [quoted(`*:argument:${action(argument)}`)];
  return `    ${name})
      _arguments -s \\
        ${[...specs, ...rest].join(' \\\n        ')}
      ;;`;
}

function optionSpec({ long, short, help, value }: CompletedOption): string {
  const ends = `[${escaped(help)}]${value.kind === 'none' ? '' : `:value:${action(value)}`}`;
  // in specifications for zsh, a star allows an option more than once, as charnn does
  if (short === undefined) return quoted(`*${long}${ends}`);
  return `'*'{${short},${long}}${quoted(ends)}`;
}

function action(value: CompletedValue): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'model':
      return '_files -g "*.json"';
    default:
      return ' ';
  }
}

/** Escapes characters that zsh's functions _arguments and _describe would treat as syntax */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
