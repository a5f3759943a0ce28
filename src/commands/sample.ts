/** `charnn sample`: text from a model, streamed to standard output. */
import { once } from 'node:events';
import { Arena } from '../backend/arena.js';
import { type BackendName, createBackend } from '../backend/select.js';
import { readModel } from '../checkpoint/model-file.js';
import { defaults } from '../cli/options.js';
import { createOutput, type Output } from '../cli/output.js';
import type { Model } from '../model/model.js';
import { Sampler } from '../sample/sampler.js';
import { prepareText } from '../text/decode.js';

export interface RawSampleOptions {
  readonly model?: string;
  readonly length?: number;
  readonly temp?: number;
  readonly greedy?: boolean;
  readonly prime?: string;
  readonly seed?: number;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

/** Text is handed on at least this often: as it is produced, to a person's eye. */
const flushMs = 30;

export async function sample(raw: RawSampleOptions): Promise<void> {
  const output = createOutput(raw.quiet ?? false);
  const model = await readModel(raw.model ?? defaults.output);
  const prime = readPrompt(raw.prime ?? '', model, output);
  const { backend, note } = createBackend(raw.backend ?? 'auto', new Arena());
  if (note !== undefined) output.note(note);
  const sampler = new Sampler(model, backend, {
    temperature: raw.temp ?? defaults.temp,
    greedy: raw.greedy ?? false,
    seed: raw.seed ?? Math.floor(Math.random() * 2 ** 32),
  });
  if (raw.prime !== undefined) await write(Buffer.from(raw.prime, 'utf8'));
  sampler.prime(prime);

  const length = raw.length ?? defaults.length;
  let pending: number[] = [];
  let lastFlush = performance.now();
  for (let drawn = 0; drawn < length; drawn++) {
    pending.push(sampler.next());
    if (performance.now() - lastFlush < flushMs) continue;
    await write(model.vocabulary.decodeBytes(pending));
    pending = [];
    lastFlush = performance.now();
  }
  await write(model.vocabulary.decodeBytes(pending));
}

/** The prompt's ids, made uniform as the training text was; says which characters are unknown. */
function readPrompt(prompt: string, model: Model, output: Output): ArrayLike<number> {
  const { vocabulary, text } = model;
  const uniform = prepareText(prompt, text);
  const { ids, unknown } = vocabulary.encode(uniform);
  if (unknown > 0) {
    const strange = new Set(Array.from(uniform).filter((c) => vocabulary.encode(c).unknown > 0));
    const list = [...strange].slice(0, 20).map((c) => JSON.stringify(c));
    output.warn(
      `${unknown} character${unknown === 1 ? '' : 's'} of the prompt unknown to the model, read as the unknown symbol: ${list.join(' ')}`,
    );
  }
  return ids;
}

/** Waits while the reader is slower than the model, and lets signals and errors through. */
async function write(bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  else await new Promise((resolve) => setImmediate(resolve));
}
