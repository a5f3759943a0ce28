/** Reads the text of a resumed training run with the options that its state records. */
import type { ListMaker } from '../text/load-corpus.js';
import { codingOf } from '../text/pair-coding.js';
import type { TrainingState } from '../train/saving/training-state.js';
import { knownConditions } from './given-beside.js';
import { type LoadedText, loadTexts } from './loaded-text.js';
import type { Messages } from './messages.js';
import { requireRecorded, type TextSource } from './recorded-text.js';

/**
 * @param given paths of the text, if it has moved; by default those that the state records
 * @param path of the state, for messages
 * @throws CharnnError for what cannot be the recorded text
 */
export async function recordedText(
  given: readonly string[],
  state: TrainingState,
  source: TextSource,
  path: string,
  messages: Messages,
  makeList?: ListMaker,
): Promise<LoadedText> {
  const { provenance, text, vocabulary } = state;
  const { reading, minCount, leftOut } = source;
  const leavingOut = { known: new Set(leftOut), onOwnStream: () => {} };
  const rules = { reading, unit: text.unit, leavingOut };
  if (given.length === 0) {
    const bytes = provenance.bytes ?? null;
    await requireRecorded(source.texts, bytes, path, source.files, rules);
  }
  if (source.valFile !== null) {
    const bytes = provenance.validationBytes;
    await requireRecorded([source.valFile], bytes, path, undefined, rules);
  }
  const paths = given.length > 0 ? given : source.texts;
  const coding = state.model.pairs ? codingOf(text) : undefined;
  return loadTexts(paths, { text, minCount, reading, coding }, messages, {
    vocabulary,
    leftOut,
    makeList,
    known: knownConditions({ config: state.model, beside: state.beside }),
  });
}
