/** Writes a page to the file that the user named. */
import type { Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { type GuardedOutput, guardOutput } from '../../library/output-guard.js';
import { quote } from '../../messages/quote.js';
import { type PageContent, type PageName, page } from '../../pages/page.js';
import { version } from '../../version.js';
import { isPipe, isStandardOutput, writeResult } from './result-file.js';

export interface PagePath {
  readonly path: string;
  readonly inputs: GuardedOutput['inputs'];
  /** Whether something other than the page, such as JSON, goes to standard output */
  readonly outputIsTaken?: boolean | undefined;
}

/**
 * Checks where a page is to be written. A page may replace an older page without asking, but no other file.
 * @throws UsageError for a name that does not end like a page's and is neither standard output nor a pipe
 * @throws CharnnError when no file can be created there
 */
export async function checkPagePath({ path, inputs, outputIsTaken }: PagePath): Promise<void> {
  if (isStandardOutput(path)) {
    if (!outputIsTaken) return;
    throw new UsageError(
      '--json and the page would both go to standard output: name a file with --output',
    );
  }
  if (await isPipe(path)) return;
  if (/\.html?$/i.test(path)) return guardOutput({ path, kind: 'page', mayReplace: true, inputs });
  throw new UsageError(
    `--output ${quote(path)} is not the name of a page: give a name that ends in .html`,
  );
}

/** Writes a page as a whole or not at all, and prints where it is. */
export async function writePage(
  path: string,
  name: PageName,
  content: PageContent,
  output: Output,
): Promise<void> {
  await writeResult(path, page(name, content), 'the page', output);
}

/** Makes the line under the title that says what the page shows, so that pages can be distinguished later. */
export function provenanceOf(texts: readonly string[], networks: readonly string[]): string {
  const read = texts.length > 0 ? texts.map(quote).join(', ') : 'standard input';
  return dated(`${networks.join(', ')} on ${read}`);
}

/** Adds charnn's version and today's date to what a page shows. */
export function dated(what: string): string {
  return `${what}; charnn ${version}, ${new Date().toISOString().slice(0, 10)}`;
}
