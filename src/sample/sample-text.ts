import type { Backend } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { loadWeights, networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { type Complete, checkOptions, withDefaults } from '../options/table.js';
import { Predictor } from '../predict/predictor.js';
import { prepareText } from '../text/decode.js';
import { Batch } from './batch.js';
import { readPrompt } from './read-prompt.js';
import { type SampleOptions, sampleRows } from './sample-rows.js';

/**
 * Draws a text from a model of characters: the short way for library use. It holds no memory.
 * @param device a device that is open already, instead of the one that the options name
 * @throws UsageError naming an option that is unknown or out of range
 */
export async function sample(
  model: Model,
  options: SampleOptions = {},
  device?: Scope,
): Promise<string> {
  checkOptions(sampleRows, options, 'sample');
  if (device) return withScope(device, (backend) => drawText(model, backend, options));
  const own = await openDevice(options.backend);
  try {
    return await drawText(model, own.operations, options);
  } finally {
    own.close();
  }
}

async function drawText(model: Model, backend: Backend, options: SampleOptions): Promise<string> {
  const {
    length,
    temperature,
    greedy,
    seed,
    prompt: text,
    countsWeight,
    backend: _,
    ...filters
  } = {
    ...(withDefaults(sampleRows, options) as Complete<typeof sampleRows>),
  };
  const weights = loadWeights(model, backend);
  const prompt = model.vocabulary.encode(prepareText(text, model.text)).ids;
  const beginning = readPrompt(model, backend, weights, prompt, countsWeight);
  const network = networkOf(model.config, backend, weights, { maxRows: 1, maxBatch: 1 });
  const settings = {
    ...filters,
    length,
    greedy: greedy ?? false,
    seed,
    temperatures: [temperature],
    schedule: undefined,
    banRepeats: undefined,
    stops: [],
    allow: undefined,
    match: undefined,
  };
  const symbols = model.vocabulary.symbols.length;
  const rules = { settings, symbols, constraint: undefined };
  const predictor = new Predictor(backend, network, 1, model.counts, countsWeight);
  const batch = new Batch(predictor, beginning, rules, 1);
  batch.add(0, []);
  const ids: number[] = [];
  while (batch.busy) {
    await batch.step();
    for (const { value } of batch.takePieces()) ids.push(...value);
  }
  return model.vocabulary.decode(ids);
}
