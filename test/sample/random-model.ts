/** A model with weights from a generator: untrained, but sure enough of itself to tell filters apart. */

import type { Model } from '#charnn/model/model.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

export function randomModel(text: string, hidden = 12): Model {
  const vocabulary = Vocabulary.of(
    'char',
    Array.from(text, (character) => character.codePointAt(0) as number),
  );
  const config = {
    cell: 'lstm',
    layers: 2,
    hidden,
    embedding: 6,
    vocabulary: vocabulary.size,
  } as const;
  const weights = initialValues(parameterTable(config), 3).map((value) => 4 * value);
  const textOptions = { unit: 'char', keepCr: false } as const;
  return { config, vocabulary, text: textOptions, weights, training: undefined, history: [] };
}
