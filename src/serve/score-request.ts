/** Scores the texts of a request, each as `charnn score` scores a line. */
import type { ServerResponse } from 'node:http';
import type { Fields } from '../json/fields.js';
import type { Model } from '../model/model-data.js';
import { prepareText } from '../text/decode.js';
import { completionLimits, requireModel, strings } from './completion-request.js';
import type { DrawPool } from './draw-pool.js';
import { requestLabels } from './label-fields.js';
import { ScoringTask } from './pool-tasks.js';
import { ResponseReader } from './response-reader.js';

const lineFeed = 0x0a;

export interface ScoreRequest {
  readonly texts: readonly string[];
  /** [C] the labels of all texts, each as an index among the values of all labels */
  readonly labels: Int32Array;
  /** Whether the bits of each character are wanted */
  readonly each: boolean;
}

/**
 * Reads a request.
 * @param name of the model
 * @throws CharnnError naming the field that is wrong; HttpFailure for another model
 */
export function textsToScore(fields: Fields, model: Model, name: string): ScoreRequest {
  requireModel(fields, name);
  return {
    texts: strings(fields, 'input', completionLimits.prompts),
    labels: requestLabels(fields, model),
    each: fields.get('characters') == null ? false : fields.boolean('characters'),
  };
}

/**
 * Scores the texts of a request.
 * @returns the answer, or undefined when nobody waits for it any more
 * @throws CharnnError for a model whose weights overflow
 */
export async function scoreTexts(
  { texts, labels, each }: ScoreRequest,
  model: Model,
  name: string,
  response: ServerResponse,
  pool: DrawPool,
): Promise<unknown> {
  const { vocabulary, config } = model;
  const reader = new ResponseReader(response, () => pool.wake());
  let settle = () => {};
  let fail: (error: unknown) => void = () => {};
  const settled = new Promise<void>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  reader.onGone(() => settle());
  const lines = texts.map((text) => surrounded(text, model));
  const tasks = lines.map(
    (ids): ScoringTask =>
      new ScoringTask(ids, labels, config.vocabulary, {
        get gone() {
          return reader.gone;
        },
        waiting: false,
        onFlush: () => {
          if (tasks.every(({ done }) => done)) settle();
        },
        onFail: (error) => fail(error),
      }),
  );
  for (const task of tasks) pool.add(task);
  await settled;
  if (reader.gone) return undefined;
  const unknownBits = vocabulary.unknownCost / Math.LN2;
  const results = tasks.map(({ bits }, i) => {
    const ids = lines[i];
    const own = bits.map((x, at) => x + (ids[at + 1] === vocabulary.unknownId ? unknownBits : 0));
    const sum = own.reduce((a, b) => a + b, 0);
    return {
      bits: sum,
      bitsPerCharacter: own.length > 0 ? sum / own.length : 0,
      characters: own.length,
      unknown: ids.filter((id) => id === vocabulary.unknownId).length,
      ...(each && { characterBits: Array.from(own) }),
    };
  });
  return { object: 'list', model: name, results };
}

/**
 * A text's ids with a line end before and after. If the model does not know line ends, only the id 0, with which it
 * begins every text, is put before the text.
 */
function surrounded(text: string, { vocabulary, text: rules }: Model): number[] {
  const ids = Array.from(vocabulary.encode(prepareText(text, rules)).ids);
  const newline = vocabulary.id(lineFeed);
  return newline === vocabulary.unknownId ? [0, ...ids] : [newline, ...ids, newline];
}
