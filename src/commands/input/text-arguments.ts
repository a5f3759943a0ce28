import { UsageError } from '../../errors.js';

/**
 * Returns the texts that a command reads: those given, or standard input if something is piped into it.
 * @throws UsageError when nothing is given and standard input is a terminal
 */
export function textArguments(texts: readonly string[]): readonly string[] {
  if (texts.length > 0) return texts;
  if (process.stdin.isTTY) {
    throw new UsageError('no text given: name a file or folder, or pipe a text in');
  }
  return ['-'];
}
