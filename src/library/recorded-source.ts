/** Where a text came from, as states record it. */
import type { PreparedTraining } from '../train/job.js';
import { absolute, type LoadedText } from './loaded-text.js';
import type { ValidationSource } from './training-text.js';

export function sourceOf(
  loaded: LoadedText,
  validating: ValidationSource,
): PreparedTraining['source'] {
  const { minCount, reading } = loaded;
  return {
    ...validating,
    texts: loaded.paths,
    valFile: validating.valFile === null ? null : absolute(validating.valFile),
    minCount,
    reading,
    files: loaded.corpus.parts,
    ...(loaded.leftOut.length > 0 && { leftOut: loaded.leftOut }),
  };
}
