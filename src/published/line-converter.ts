/** Converts the lines that are typed into a page whose model was trained on pairs. */
import type { Backend } from '../backend/backend.js';
import { Converter } from '../convert/converter.js';
import type { Model } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import type { ConvertedLine } from '../pages/model-page.js';
import { newIds } from '../text/ids.js';
import { codingOf, type PairCoding } from '../text/pair-coding.js';
import { SymbolTexts, typedText } from './symbol-texts.js';

export class LineConverter {
  private readonly converter: Converter;
  private readonly coding: PairCoding;

  /** @param backend in whose memory the network stays as long as the backend exists */
  constructor(
    private readonly model: Model,
    backend: Backend,
  ) {
    const { config, vocabulary, weights } = model;
    const flat = backend.tensor([parameterTable(config).flatSize]);
    backend.write(flat, weights);
    const marks = { tab: vocabulary.id(0x09), newline: vocabulary.id(0x0a) };
    const search = { beam: 1, nBest: 1, lengthPenalty: 1, scores: false };
    this.converter = new Converter(backend, config, flat, marks, search);
    this.coding = codingOf(model.text);
  }

  /** Converts lines; the results come in the order of the lines. */
  async convert(lines: readonly string[]): Promise<ConvertedLine[]> {
    const { vocabulary, text } = this.model;
    const typed = lines.map((line) =>
      typedText(this.coding.encode('source', line), vocabulary, text),
    );
    const sources = typed.map(({ ids }) => {
      const source = newIds(vocabulary.size, ids.length);
      source.set(Array.from(ids));
      return source;
    });
    const conversions = await this.converter.convert(sources.map((ids) => ({ ids })));
    return conversions.map(([target], i) => {
      const texts = new SymbolTexts(vocabulary);
      const characters = (target?.ids ?? []).map((id) => texts.next(id)).join('');
      return {
        text: new TextDecoder().decode(this.coding.decode('target', characters)),
        end: target?.end ?? (sources[i].length > 0 ? 'refused' : 'end'),
        unknown: typed[i].unknown,
      };
    });
  }
}
