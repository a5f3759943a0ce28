/** Converts the lines that are typed into a page whose model is one of pairs. */
import type { Backend } from '../backend/backend.js';
import { Converter } from '../convert/converter.js';
import type { Model } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import type { ConvertedLine } from '../pages/model-page.js';
import { newIds } from '../text/ids.js';
import { SymbolTexts, typedText } from './symbol-texts.js';

export class LineConverter {
  private readonly converter: Converter;

  /** @param backend whose memory the network takes for as long as there is a backend */
  constructor(
    private readonly model: Model,
    backend: Backend,
  ) {
    const { config, vocabulary, weights } = model;
    const flat = backend.tensor([parameterTable(config).flatSize]);
    backend.write(flat, weights);
    const marks = { tab: vocabulary.id(0x09), newline: vocabulary.id(0x0a) };
    this.converter = new Converter(backend, config, flat, marks);
  }

  /** Converts lines; the results come in the order of the lines. */
  async convert(lines: readonly string[]): Promise<ConvertedLine[]> {
    const { vocabulary, text } = this.model;
    const typed = lines.map((line) => typedText(line, vocabulary, text));
    const sources = typed.map(({ ids }) => {
      const source = newIds(vocabulary.size, ids.length);
      source.set(Array.from(ids));
      return source;
    });
    const targets = await this.converter.convert(sources);
    return targets.map(({ ids, end }, i) => {
      const texts = new SymbolTexts(vocabulary);
      return { text: ids.map((id) => texts.next(id)).join(''), end, unknown: typed[i].unknown };
    });
  }
}
