/** Converts the lines that a program passes. */
import { type ConvertedLine, convertLines } from '../convert/convert-lines.js';
import { searchSettings } from '../convert/convert-rows.js';
import { usableCores } from '../machine/cores.js';
import type { OptionsOf } from '../options/table.js';
import { abortable } from './abort.js';
import type { Ending } from './ending.js';
import { givenLines } from './given-sources.js';
import type { LoadedModel } from './held.js';
import type { ConvertInput, LineTargets } from './line-targets.js';
import type { modelRows } from './model-options.js';
import { lineGroupsOf } from './score-input.js';

type ConvertRows = OptionsOf<(typeof modelRows)['convert']>;

/** Converts lines in their order. Lines that have arrived are converted without waiting for more. */
export async function* convertInput(
  { model, device, weights }: LoadedModel,
  lines: Iterable<ConvertInput> | AsyncIterable<ConvertInput>,
  options: ConvertRows,
  ending: Ending,
): AsyncGenerator<LineTargets, void, void> {
  const { threads = usableCores(), threshold = Number.POSITIVE_INFINITY } = options;
  const search = searchSettings(options, true);
  const { groups, isShort } = lineGroupsOf(
    lines,
    (values) => abortable(values, ending.signal),
    givenLines(model, options.label),
  );
  const converted = convertLines(groups, {
    ...{ model, weights, device, search },
    threads: isShort ? 1 : threads,
  });
  for await (const { lines } of converted) {
    for (const line of lines) yield targetsOf(line, threshold);
  }
}

function targetsOf({ line, answers, unknown }: ConvertedLine, threshold: number): LineTargets {
  return {
    source: Buffer.from(line).toString('utf8'),
    targets: answers
      .filter(({ bits }) => !(bits > threshold))
      .map(({ target, logProbability, bits, isCut }) => ({
        text: Buffer.from(target).toString('utf8'),
        logProbability,
        bitsPerCharacter: bits,
        complete: !isCut,
      })),
    unknown,
  };
}
