/** Makes the page of `charnn visualize` for a model trained on pairs. */
import { attentionOf } from '../../analyse/attention.js';
import type { Scope } from '../../backend/device.js';
import { grouped, type Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { reportPairs, requireMarks } from '../../library/paired-text.js';
import type { Model } from '../../model/model-data.js';
import {
  findPairs,
  type PairTable,
  pairCount,
  selectedPairs,
} from '../../model/pairs/pair-table.js';
import type { AttentionData } from '../../pages/data.js';
import { blob } from '../../pages/encode-blobs.js';
import type { PageContent } from '../../pages/page.js';
import { symbolName } from '../../text/pair-coding.js';
import type { Ids } from '../../text/unit.js';

/** Max number of pairs on a page */
const maxPairs = 1000;

/** @throws UsageError for a model without attention, or for one with labels or vectors */
export function requireAttention({ config }: Model): void {
  if (config.attention === 'none') {
    throw new UsageError('the model has no attention (it was trained with --attention none)');
  }
  if (config.labels === undefined && config.vectors === undefined) return;
  throw new UsageError(
    'visualize cannot show the attention of a model that was trained with labels or vectors',
  );
}

/**
 * @param ids the text as ids, in lines that each consist of a source, a tab and a target
 * @param maxCharacters max total number of characters of all pairs on the page
 * @param provenance where the pairs and the network come from, as a line of the page
 */
export async function attentionPage(
  model: Model,
  device: Scope,
  ids: Ids,
  maxCharacters: number,
  output: Output,
  provenance: string,
): Promise<PageContent> {
  const marks = requireMarks(model.vocabulary);
  const { pairs } = reportPairs(findPairs(ids, marks), 'the text', output);
  const count = fitting(pairs, maxCharacters);
  const all = pairCount(pairs);
  if (count < all) {
    output.note(
      `the page shows the first ${grouped(count)} of ${grouped(all)} pairs (--max-chars)`,
    );
  }
  const shown = selectedPairs(pairs, (pair) => pair < count);
  const attended = await attentionOf(model, device, ids, shown, marks);
  const { vocabulary, text } = model;
  const names = vocabulary.symbols.map((symbol) =>
    text.unit === 'byte' && symbol >= 0x80 ? symbol.toString(16) : symbolName(symbol, text),
  );
  const namesOf = (list: Int32Array) => Array.from(list, (id) => names[id] ?? '\ufffd');
  const data: AttentionData = {
    provenance,
    model: `${model.config.cell}, ${model.config.layers} × ${model.config.hidden}`,
    pairsInAll: all,
    pairs: attended.map(({ source, target, bits }) => ({
      source: namesOf(source),
      target: namesOf(target),
      bits: Array.from(bits, (x) => Number(x.toFixed(3))),
    })),
  };
  const blobs = attended.map(({ weights }, i) => {
    const roots = Uint8Array.from(weights, (weight) => Math.round(255 * Math.sqrt(weight)));
    return [`weights-${i}`, blob(roots)] as const;
  });
  return { title: 'What a network attends to', data, blobs };
}

/** How many of the first pairs fit within this total number of characters; at least one */
function fitting({ lengths, starts }: PairTable, maxCharacters: number): number {
  let [characters, count] = [0, 0];
  while (count < Math.min(starts.length, maxPairs)) {
    characters += lengths[2 * count] + lengths[2 * count + 1];
    if (characters > maxCharacters && count > 0) break;
    count++;
  }
  return count;
}
