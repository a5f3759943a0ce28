/** The script by which bash completes command lines. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './completed.js';

export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = [...commands.map(({ name }) => name), 'help'].join(' ');
  return `# Completion of charnn for bash. To have it in every shell: charnn completion bash >> ~/.bashrc
_charnn_words() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -W "$1" -- "$word"))
}
_charnn_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -X "$1" -- "$word") $(compgen -d -- "$word"))
}
_charnn() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _charnn_words '${names} --help --version'
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(commandCase).join('\n')}
    help) _charnn_words '${names}' ;;
  esac
}
complete -F _charnn charnn
`;
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const cases = options.flatMap(valueCase);
  const flags = options.map(({ long }) => long).join(' ');
  return `    ${name})
      case $before in
${cases.join('\n')}
      esac
      if [[ $word == -* ]]; then
        _charnn_words '${flags}'
      else
        ${valueAction(argument)}
      fi
      ;;`;
}

function valueCase({ long, short, value }: CompletedOption): string[] {
  if (value.kind === 'none') return [];
  const flags = short === undefined ? long : `${short}|${long}`;
  return [`        ${flags}) ${valueAction(value)}; return ;;`];
}

function valueAction(value: CompletedValue): string {
  switch (value.kind) {
    case 'words':
      return `_charnn_words '${value.words.join(' ')}'`;
    case 'file':
      return "_charnn_files ''";
    case 'model':
      return "_charnn_files '!*.json'";
    default:
      return ':';
  }
}
