/** Makes the text on which the lecture's figures are computed. Equal seeds give equal texts. */
import { Random } from '../../model/random.js';
import type { Ids } from '../../text/unit.js';
import { Vocabulary } from '../../text/vocabulary.js';

export interface LectureText {
  readonly ids: Ids;
  readonly vocabulary: Vocabulary;
}

const subjects = ['the cat', 'a dog', 'my friend', 'the old man', 'a small bird'];
const verbs = ['sees', 'follows', 'likes', 'waits for', 'forgets'];
const objects = ['the river', 'a red house', 'the moon', 'an open door', 'the last train'];

const parts = [subjects, verbs, objects];

const meanLength = (list: readonly string[]) =>
  list.reduce((sum, { length }) => sum + length, 0) / list.length;

/**
 * The least mean loss that a model of the lecture's text can have, in bits per character: the words are drawn
 * independently, and a sentence has two spaces, a full stop and a newline in addition to its words.
 */
export const sentenceEntropy =
  parts.reduce((sum, { length }) => sum + Math.log2(length), 0) /
  (parts.reduce((sum, list) => sum + meanLength(list), 0) + 4);

/** Sentences that are drawn at random, so that a network has something to learn */
export function lectureText(seed: number, characters = 30_000): LectureText {
  const random = new Random(seed);
  const one = (list: readonly string[]) => list[Math.floor(random.uniform() * list.length)];
  let text = '';
  while (text.length < characters) text += `${one(subjects)} ${one(verbs)} ${one(objects)}.\n`;
  const symbols = new Set(Array.from(text, (character) => character.codePointAt(0) as number));
  const vocabulary = Vocabulary.of('char', symbols);
  return { ids: vocabulary.encode(text).ids, vocabulary };
}
