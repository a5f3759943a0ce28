/** `charnn report`: trainings as a page of curves, side by side. */
import { defaults } from '../cli/options/defaults.js';
import { createOutput } from '../cli/output.js';
import type { ReportData, RunData } from '../pages/data.js';
import { checkPagePath, writePage } from './page-file.js';
import { readRun } from './read-run.js';

export interface RawReportOptions {
  readonly output?: string;
  readonly quiet?: boolean;
}

export async function report(paths: readonly string[], raw: RawReportOptions): Promise<void> {
  const output = createOutput(raw.quiet ?? false);
  const path = raw.output ?? defaults.report.output;
  const files = paths.length > 0 ? paths : [defaults.output];
  await checkPagePath({ path, inputs: files });
  const runs: (RunData & { readonly file: string })[] = [];
  for (const file of files) {
    runs.push({ ...(await readRun(file)), file });
  }
  // where short names do not tell files apart, the whole ones do
  const named = runs.map(({ file, ...run }) => {
    const shared = runs.filter(({ name }) => name === run.name).length > 1;
    return shared ? { ...run, name: file } : run;
  });
  const data: ReportData = { runs: named };
  const title = `Training: ${named.map(({ name }) => name).join(', ')}`;
  await writePage(path, 'report', { title, data }, output);
}
