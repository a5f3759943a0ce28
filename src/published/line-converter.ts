/** Converts the lines that are typed into the web page of a model trained on pairs. */
import type { Backend } from '../backend/backend.js';
import { Converter } from '../convert/converter.js';
import { givenReader, neededColumns } from '../convert/given-lines.js';
import type { Model } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import type { ConvertedLine, PageLine } from '../pages/model-page.js';
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

  /**
   * Converts lines; the results come in the order of the lines.
   * @param chosen the value of each label, as an index among its values
   * @throws CharnnError naming a line whose vectors are wrong
   */
  async convert(lines: readonly PageLine[], chosen: readonly number[]): Promise<ConvertedLine[]> {
    const { model, coding } = this;
    const { vocabulary, text, beside } = model;
    const labels = new Map(beside?.labels.map(({ name }, c) => [name, chosen[c]]));
    const givenOf = givenReader(model, neededColumns(model, labels), labels);
    const typed = lines.map((line) =>
      typedText(coding.encode('source', line.text), vocabulary, text),
    );
    const sources = typed.map(({ ids }, i) => {
      const source = newIds(vocabulary.size, ids.length);
      source.set(Array.from(ids));
      return { ids: source, given: givenOf?.([lines[i].vectors], `line ${i + 1}`) };
    });
    const conversions = await this.converter.convert(sources);
    return conversions.map(([target], i) => {
      const { ids, given } = sources[i];
      const isEmpty = ids.length === 0 && !given?.vectors.length;
      const texts = new SymbolTexts(vocabulary);
      const characters = (target?.ids ?? []).map((id) => texts.next(id)).join('');
      return {
        text: new TextDecoder().decode(coding.decode('target', characters)),
        end: target?.end ?? (isEmpty ? 'end' : 'refused'),
        unknown: typed[i].unknown,
      };
    });
  }
}
