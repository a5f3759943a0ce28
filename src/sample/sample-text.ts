/** Samples one text from a model, as a string. */
import type { Scope } from '../backend/device.js';
import type { StoredModel } from '../model/model-data.js';
import { prepareText } from '../text/decode.js';
import { generate } from './generate.js';
import { wholeRecords } from './record-filters.js';
import type { DrawOptions } from './sample-rows.js';
import { sampleSettings } from './sample-settings.js';

export interface TextOptions extends DrawOptions {
  readonly seed: number;
  /** Text to continue; it is not part of what is returned */
  readonly prompt?: string;
}

/** Samples a text in the calling thread, and releases the memory that this takes. */
export async function sampleText(
  model: StoredModel,
  device: Scope,
  { prompt: text = '', ...options }: TextOptions,
): Promise<string> {
  const prompt = model.vocabulary.encode(prepareText(text, model.text)).ids;
  const place = { isPrompted: text !== '', isList: false };
  const settings = sampleSettings(options, model, place, () => {});
  const pieces = generate([[]], { model, device, settings, prompt, expected: 1, threads: 1 });
  for await (const { ids } of wholeRecords(pieces)) return model.vocabulary.decode(ids);
  return '';
}
