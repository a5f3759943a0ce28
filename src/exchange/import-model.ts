/** Reads a model from a safetensors file: one that charnn has exported, or a PyTorch state dict. */
import { CharnnError, optionName, UsageError } from '../errors.js';
import type { Model } from '../model/model-data.js';
import { readCharacterList } from './character-list.js';
import { readModuleModel } from './module-model.js';
import { readSafetensors } from './safetensors-file.js';
import { isOwnModel, readOwnModel } from './safetensors-model.js';

export interface Imported {
  readonly model: Model;
  /** Whether the file was exported by charnn */
  readonly isOwn: boolean;
}

/**
 * @param vocabulary path of a file with the characters of a state dict, in the order of their ids
 * @throws CharnnError that says what is wrong, or when memory does not suffice
 */
export async function importModel(path: string, vocabulary: string | undefined): Promise<Imported> {
  const list = vocabulary === undefined ? undefined : await readCharacterList(vocabulary);
  return readSafetensors(path, (file) => {
    if (isOwnModel(file)) {
      if (list === undefined) return { model: readOwnModel(file), isOwn: true };
      throw new UsageError(
        `${file.shown} holds the model's vocabulary itself: leave ${optionName('vocabulary')} out`,
      );
    }
    if (list !== undefined) return { model: readModuleModel(file, list), isOwn: false };
    throw new CharnnError(
      `${file.shown} was not written by charnn export, so it does not say which characters the ids of its model stand for: name a file that lists them with ${optionName('vocabulary')}`,
    );
  });
}
