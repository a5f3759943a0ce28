import { stat } from 'node:fs/promises';
import { UsageError } from '../../errors.js';
import { quote } from '../../messages/quote.js';
import { startOf } from '../../text/open-file.js';
import { requireText } from '../../text/require-text.js';

/**
 * Returns the texts that a command reads: those given as arguments, or standard input if something is piped into it.
 * @throws UsageError when nothing is given and standard input is a terminal
 */
export function textArguments(texts: readonly string[]): readonly string[] {
  if (texts.length > 0) return texts;
  if (process.stdin.isTTY) {
    throw new UsageError('no text given: name a file or folder, or pipe a text in');
  }
  return ['-'];
}

/**
 * Refuses a model among the texts, for commands that read their model first: otherwise `charnn eval good.json` would
 * end with a message that a different model is missing. Files that cannot be read are reported later.
 * @throws UsageError for a model among the texts
 */
export async function refuseModels(texts: readonly string[]): Promise<void> {
  for (const path of texts) {
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isFile()) continue;
    const start = await startOf(path).catch(() => undefined);
    if (start !== undefined) requireText(start, quote(path));
  }
}
