/** Evaluates a model trained on pairs for `charnn eval`, and prints the result. */
import type { Scope } from '../../backend/device.js';
import { grouped, type Output } from '../../cli/output.js';
import { evaluatePairs } from '../../convert/evaluate-pairs.js';
import { reportPairs, requireMarks } from '../../library/paired-text.js';
import { jsonText } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import { findPairs } from '../../model/pairs/pair-table.js';
import type { Ids } from '../../text/unit.js';

/** @param ids of lines that each consist of a source, a tab and a target */
export async function evaluateAsPairs(
  model: Model,
  device: Scope,
  ids: Ids,
  output: Output,
  json: boolean,
): Promise<void> {
  const marks = requireMarks(model.vocabulary);
  const { pairs } = reportPairs(findPairs(ids, marks), 'the text', output);
  const result = await evaluatePairs(model, device, ids, pairs, marks);
  const { loss, symbolErrorRate } = result;
  if (json) {
    const { loss: _, ...rest } = result;
    const bitsPerCharacter = loss / Math.LN2;
    process.stdout.write(`${jsonText({ ...rest, loss, bitsPerCharacter })}\n`);
    return;
  }
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const lines = [
    `word errors      ${percent(result.wordErrorRate)} of ${grouped(result.sources)} sources`,
    `character errors ${percent(result.characterErrorRate)}`,
    ...(symbolErrorRate === undefined ? [] : [`symbol errors    ${percent(symbolErrorRate)}`]),
    `loss             ${loss.toFixed(4)} nats per character of the targets`,
    `bits per char    ${(loss / Math.LN2).toFixed(4)}`,
    `pairs            ${grouped(result.pairs)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
