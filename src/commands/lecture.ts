/** `charnn lecture`: tests statements from a lecture on recurrent networks, with figures that are computed for this. */
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { jsonText } from '../messages/quote.js';
import { option } from '../options/table.js';
import { integer, path } from '../options/types.js';
import type { LectureClaim, LectureData } from '../pages/data.js';
import { claims } from './lecture/claims.js';
import { lectureText } from './lecture/lecture-text.js';
import { checkPagePath, provenanceOf, writePage } from './output/page-file.js';

const table = {
  output: option('<file>', path, 'where to write the page', {
    short: 'o',
    default: 'lecture.html',
  }),
  hidden: option('<n>', integer(8, 256), 'units of the networks', { default: 32 }),
  seed: option('<n>', integer(0), 'random seed of weights and text', { default: 1 }),
  backend: rows.backend,
  json: rows.json,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const lecture = defineCommand({
  name: 'lecture',
  summary: 'write a page that shows how recurrent networks learn',
  description:
    'Test what lectures on recurrent networks claim about truncated back-propagation,\nvanishing and exploding gradients, clipping, LSTM and attention, with small\nnetworks and texts. The page has figures for each claim.',
  examples: [
    ['charnn lecture', 'the page lecture.html'],
    ['charnn lecture --json', 'the figures as JSON'],
  ],
  synonyms: ['tour', 'course', 'explain'],
  options: table,
  standardOutput: 'result',
  async run(_, options) {
    const output = createOutput(options.quiet ?? false);
    const page = options.output ?? table.output.default;
    if (!options.json) await checkPagePath({ path: page, inputs: [] });
    const seed = options.seed ?? table.seed.default;
    const hidden = options.hidden ?? table.hidden.default;
    const device = await openDevice(options.backend);
    if (device.note !== undefined) output.note(device.note);
    const text = lectureText(seed);
    const shown: LectureClaim[] = [];
    for (const claim of claims) {
      shown.push(await claim({ device, backend: options.backend, text, seed, hidden }));
      const { title, holds } = shown[shown.length - 1];
      output.note(`${holds ? 'shown' : 'not shown with this seed and size'}: ${title}`);
    }
    device.close();
    if (options.json) {
      process.stdout.write(`${jsonText(shown)}\n`);
      return;
    }
    const provenance = provenanceOf(
      ['sentences made for this page'],
      [`networks of ${hidden} units`],
    );
    const data: LectureData = { provenance, claims: shown };
    await writePage(page, 'lecture', { title: 'How recurrent networks learn', data }, output);
  },
});
