/** Samples one text from a model, as a string. */
import type { Scope } from '../backend/device.js';
import type { StoredModel } from '../model/model-data.js';
import { prepareText } from '../text/decode.js';
import { generate } from './generate.js';
import { endsWithRecord } from './record-ends.js';
import { wholeRecords } from './record-filters.js';
import type { DrawOptions } from './sample-rows.js';
import { sampleSettings } from './sample-settings.js';

export interface TextOptions extends DrawOptions {
  readonly seed: number;
  /** Text to continue; it is not part of what is returned */
  readonly prompt?: string;
}

/**
 * Samples a text in the calling thread, and releases the memory that this takes. If the model has learned each record
 * as a text of its own, the text consists of as many whole records as it takes to reach the length.
 */
export async function sampleText(
  model: StoredModel,
  device: Scope,
  { prompt: text = '', ...options }: TextOptions,
): Promise<string> {
  const prompt = model.vocabulary.encode(prepareText(text, model.text)).ids;
  const place = { isPrompted: text !== '', isList: false };
  const settings = sampleSettings(options, model, place, () => {});
  const { separator = '' } = model;
  const isOfRecords = endsWithRecord(model) && settings.stops.length > 0;
  const jobs = isOfRecords ? endless() : [[]];
  const pieces = generate(jobs, { model, device, settings, prompt, expected: 1, threads: 1 });
  let all = '';
  for await (const { ids } of wholeRecords(pieces)) {
    all += model.vocabulary.decode(ids);
    if (!isOfRecords) break;
    all += separator;
    if (all.length >= settings.length) break;
  }
  return all;
}

function* endless(): Generator<never[], void, void> {
  for (;;) yield [];
}
