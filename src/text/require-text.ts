import { optionName, UsageError } from '../errors.js';
import { ownKind } from '../files/own-kinds.js';

/**
 * Refuses charnn's own files as texts to read: they are text, but nobody gives them on purpose.
 * @param start the first bytes of a file, or its first piece
 * @param name the file, as messages show it
 * @throws UsageError for a model, the state of a training run, or the record of a search
 */
export function requireText(start: Uint8Array, name: string): void {
  switch (ownKind(start)) {
    case 'model':
      throw new UsageError(
        `${name} is a model, not a text: a model is named with ${optionName('model')}, or for training with ${optionName('initFrom')}`,
      );
    case 'state':
      throw new UsageError(`${name} is the state of a training run, not a text: name a text`);
    case 'search':
      throw new UsageError(`${name} is the record of a search, not a text: name a text`);
  }
}
