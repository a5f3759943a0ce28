/** `charnn report`: trainings as a page of curves, side by side. */
import { defaults } from '../cli/options/defaults.js';
import { createOutput } from '../cli/output.js';
import type { ReportData } from '../pages/data.js';
import { checkPagePath, writePage } from './page-file.js';
import { readRun } from './read-run.js';

export interface RawReportOptions {
  readonly output?: string;
  readonly quiet?: boolean;
}

export async function report(paths: readonly string[], raw: RawReportOptions): Promise<void> {
  const output = createOutput(raw.quiet ?? false);
  const path = raw.output ?? defaults.report.output;
  await checkPagePath(path);
  const runs = [];
  for (const file of paths.length > 0 ? paths : [defaults.output]) runs.push(await readRun(file));
  const data: ReportData = { runs };
  const title = `Training: ${runs.map(({ name }) => name).join(', ')}`;
  await writePage(path, 'report', { title, data }, output);
}
