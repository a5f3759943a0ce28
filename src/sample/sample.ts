import type { Backend } from '../backend/backend.js';
import { type BackendName, type Scope, withScope } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model.js';
import { prepareText } from '../text/decode.js';
import { Batch } from './batch.js';
import { readPrompt } from './prompt.js';

export interface SampleOptions {
  /** Characters to draw; the prompt is not counted. */
  readonly length: number;
  /** Divides the logits: below 1 sharpens the distribution, above 1 flattens it. Above 0. */
  readonly temperature?: number;
  readonly greedy?: boolean;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typical?: number;
  readonly seed?: number;
  /** Text to go on from; it is not part of what is returned. */
  readonly prime?: string;
  /** What computes: a device that is open already, or the name of one */
  readonly device?: Scope;
  readonly backend?: BackendName;
}

/** Draws a text from a model of characters: the short way for library use. It holds no memory. */
export async function sample(model: Model, options: SampleOptions): Promise<string> {
  const { device } = options;
  if (device) return withScope(device, (backend) => drawText(model, backend, options));
  const own = await openDevice(options.backend);
  try {
    return await drawText(model, own.operations, options);
  } finally {
    own.close();
  }
}

async function drawText(model: Model, backend: Backend, options: SampleOptions): Promise<string> {
  const { temperature = 1, greedy = false, seed = 1, prime = '', ...rest } = options;
  const weights = loadWeights(model, backend);
  const prompt = model.vocabulary.encode(prepareText(prime, model.text)).ids;
  const beginning = readPrompt(model, backend, weights, prompt);
  const network = networkOf(model.config, backend, weights, { maxRows: 1, maxBatch: 1 });
  const settings = {
    ...rest,
    greedy,
    seed,
    temperatures: [temperature],
    schedule: undefined,
    banRepeats: undefined,
    ends: [],
    allow: undefined,
    match: undefined,
  };
  const symbols = model.vocabulary.symbols.length;
  const rules = { settings, symbols, constraint: undefined };
  const batch = new Batch(backend, network, beginning, rules, 1);
  batch.add(0, []);
  const ids: number[] = [];
  while (batch.busy) {
    await batch.step();
    for (const { value } of batch.takePieces()) ids.push(...value);
  }
  return model.vocabulary.decode(ids);
}
