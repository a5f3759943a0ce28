/** Writing a page where the person wants it. */
import { writeFileAtomically } from '../checkpoint/atomic.js';
import type { Output } from '../cli/output.js';
import { UsageError } from '../errors.js';
import { type PageContent, type PageName, page } from '../pages/page.js';
import { quote } from '../text/quote.js';
import { requireWritableFolder } from './claim-output.js';

/**
 * A page may replace an older one without asking, so nothing else may be in its place.
 * @throws UsageError for a name that does not end like a page's
 * @throws CharnnError when no file can be made there
 */
export async function checkPagePath(path: string): Promise<void> {
  if (/\.html?$/i.test(path)) return requireWritableFolder(path);
  throw new UsageError(`--output ${quote(path)} is not the name of a page: let it end in .html`);
}

/** Writes a page as a whole or not at all, and says where it is. */
export async function writePage(
  path: string,
  name: PageName,
  content: PageContent,
  output: Output,
): Promise<void> {
  await writeFileAtomically(path, page(name, content));
  output.note(`the page is in ${quote(path)}`);
}
