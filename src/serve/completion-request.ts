/** Checks the fields of a request for completions. Their meaning is what clients of this interface expect. */
import type { Fields } from '../json/fields.js';
import { integersFrom, ranges } from '../limits.js';
import type { Model } from '../model/model-data.js';
import { controlRanges, guesses, temperatures } from '../pages/model-page.js';
import { sampleSettings } from '../sample/sample-settings.js';
import type { SampleSettings } from '../sample/settings.js';
import { prepareText } from '../text/decode.js';
import { HttpFailure } from './http-failure.js';
import { requestLabels } from './label-fields.js';

/** Limits of a request: numbers of prompts, of texts for each, of stop sequences, and of characters in each text */
export const completionLimits = {
  ...{ prompts: 128, texts: 128, stops: 16 },
  characters: controlRanges.length[1],
};
/** Max total number of characters of all texts in a request */
const mostInAll = 1_000_000;
const defaultCharacters = 16;

export interface CompletionRequest {
  readonly prompts: readonly { readonly text: string; readonly ids: ArrayLike<number> }[];
  /** [C] the labels of all texts, each as an index among the values of all labels */
  readonly labels: Int32Array;
  /** Number of texts for each prompt */
  readonly n: number;
  /** For each prompt, the settings of sampling for the texts that continue it */
  readonly settings: readonly SampleSettings[];
  readonly stream: boolean;
  /** Whether a stream ends with the numbers of characters that were read and drawn */
  readonly streamUsage: boolean;
  readonly echo: boolean;
  /** Number of probable characters to report for each character; undefined if they are not wanted */
  readonly logprobs: number | undefined;
}

/** Fields that would change the texts and that this server does not support; they are refused, not ignored */
const unknownFields = ['suffix', 'logit_bias', 'presence_penalty', 'frequency_penalty'];

/**
 * Reads a request.
 * @param name of the model
 * @throws CharnnError naming the field that is wrong; HttpFailure for another model
 */
export function completionRequest(fields: Fields, model: Model, name: string): CompletionRequest {
  requireModel(fields, name);
  for (const key of unknownFields) {
    const value = fields.get(key);
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    if (!isEmpty && value != null && value !== 0 && value !== '') {
      fields.fail(key, 'left out: this server does not know it');
    }
  }
  const given = <T>(key: string, absent: T, read: () => T): T =>
    fields.get(key) == null ? absent : read();
  const integer = (key: string, absent: number, from: number, to: number) =>
    given(key, absent, () => fields.integer(key, from, to));
  const flag = (key: string) => given(key, false, () => fields.boolean(key));
  const texts = given('prompt', [''], () => strings(fields, 'prompt', completionLimits.prompts));
  const n = integer('n', 1, 1, completionLimits.texts);
  const length = integer('max_tokens', defaultCharacters, 0, completionLimits.characters);
  if (texts.length * n * length > mostInAll) {
    fields.fail('max_tokens', `at most ${mostInAll} for all texts together`);
  }
  const best = integer('best_of', n, 1, completionLimits.texts);
  if (best !== n) fields.fail('best_of', 'the same as n, or left out');
  const temp = given('temperature', 1, () => fields.within('temperature', temperatures));
  const topP = given('top_p', 1, () => fields.within('top_p', ranges.positiveFraction));
  const seed = given('seed', undefined, () => fields.within('seed', integersFrom(0)));
  const stop = given('stop', undefined, () => {
    const list = strings(fields, 'stop', completionLimits.stops);
    if (list.includes('')) fields.fail('stop', 'a text or a list of texts, none of them empty');
    return list;
  });
  const stream = flag('stream');
  const prompts = texts.map((text) => {
    const prepared = prepareText(text, model.text);
    return { text: prepared, ids: model.vocabulary.encode(prepared).ids };
  });
  const options = { length, temp, seed, stop, ...(topP < 1 && { topP }) };
  const settings = prompts.map(({ ids }) =>
    sampleSettings(options, model, { isPrompted: ids.length > 0, isList: false }, () => {}),
  );
  return {
    ...{ prompts, n, settings, stream },
    labels: requestLabels(fields, model),
    streamUsage:
      stream &&
      fields.get('stream_options') != null &&
      fields.fields('stream_options').get('include_usage') === true,
    echo: flag('echo'),
    logprobs: given('logprobs', undefined, () => fields.integer('logprobs', 0, guesses)),
  };
}

/** @throws HttpFailure when a request names another model */
export function requireModel(fields: Fields, name: string): void {
  const wanted = fields.get('model');
  if (wanted == null || wanted === name) return;
  throw new HttpFailure(404, `the model must be ${JSON.stringify(name)}, as /v1/models lists it`);
}

/** A text, or a list of texts */
export function strings(fields: Fields, key: string, max: number): readonly string[] {
  const value = fields.get(key);
  if (typeof value === 'string') return [value];
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!isList || value.length === 0 || value.length > max) {
    fields.fail(key, `a text or a list of 1 to ${max} texts`);
  }
  return value as readonly string[];
}
