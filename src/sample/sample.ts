import { Arena } from '../backend/arena.js';
import { type BackendName, createBackend } from '../backend/select.js';
import type { Model } from '../model/model.js';
import { prepareText } from '../text/decode.js';
import { Sampler } from './sampler.js';

export interface SampleOptions {
  /** Characters to draw; the prompt is not counted. */
  readonly length: number;
  readonly temperature?: number;
  readonly greedy?: boolean;
  readonly seed?: number;
  /** Text to go on from; it is not part of what is returned. */
  readonly prime?: string;
  readonly backend?: BackendName;
}

/** Draws a text from a model of characters: the short way for library use. */
export function sample(model: Model, options: SampleOptions): string {
  const { length, temperature = 1, greedy = false, seed = 1, prime = '' } = options;
  const { backend } = createBackend(options.backend ?? 'auto', new Arena());
  const sampler = new Sampler(model, backend, { temperature, greedy, seed });
  sampler.prime(model.vocabulary.encode(prepareText(prime, model.text)).ids);
  return model.vocabulary.decode(Array.from({ length }, () => sampler.next()));
}
