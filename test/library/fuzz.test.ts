/** Any values for the library's public functions: an error in words, or a result. CHARNN_FAULTS=long: more. */
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CharnnError, Corpus, Model, train } from '#charnn/index.js';
import { timeout, times } from '../faults/scale.js';
import { put, temporaryFolder } from '../folder.js';

const folder = temporaryFolder();
const book = put(folder, 'book.txt', 'The rain it raineth every day.\n'.repeat(20));
const modelPath = join(folder, 'model.json');
let corpus: Corpus;
let model: Model;

beforeAll(async () => {
  corpus = await Corpus.load(book);
  const small = { steps: 1, layers: 1, hidden: 4, threads: 1, backend: 'reference' } as const;
  model = await train(corpus, { ...small, saveTo: modelPath });
});
afterAll(() => model.close());

const numbers = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.constantFrom(0.5, -0, 2 ** 31, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, 1e-320),
);
const anything = fc.oneof(
  numbers,
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    '',
    'gru',
    'nfc',
    'byte',
    '3m',
    'native',
    '\0',
    '-',
  ),
  fc.constantFrom('utf-8', 'csv', 'replace', 'a-z', '(a|b)*', '[', 'the', '\ud800'),
  fc.array(fc.oneof(numbers, fc.string({ maxLength: 3 })), { maxLength: 3 }),
  fc.constantFrom({}, () => {}, Symbol('x'), 1n, new Map(), new Uint8Array(3), new Date(0)),
);
const keys = [
  ...['prompt', 'temperature', 'topK', 'topP', 'minP', 'typical', 'greedy', 'banRepeats', 'allow'],
  ...['match', 'stop', 'until', 'seed', 'dynamic', 'perChar', 'encoding', 'invalid', 'format'],
  ...['textColumn', 'unit', 'normalize', 'keepCr', 'minCount', 'separator', 'learn', 'last'],
  ...['plainWeights', 'cell', 'dropout', 'optimizer', 'clip', 'schedule', 'valFrac', 'valChars'],
  ...['valFile', 'initFrom', 'documents', 'average', 'residual', 'layerNorm', 'onEvent', 'signal'],
  ...['resume', 'keep', 'force', 'size', 'targetLoss', 'backend', 'warmup', 'constructor', 'x'],
];
const options = fc.oneof(
  { weight: 9, arbitrary: fc.dictionary(fc.constantFrom(...keys), anything, { maxKeys: 3 }) },
  { weight: 1, arbitrary: anything },
);

/** An object of options gets what keeps the call small; anything else is given as it is. */
function bounded(given: unknown, more: object): never {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  return (isObject ? { ...given, ...more } : given) as never;
}

async function take(values: AsyncIterable<unknown>): Promise<void> {
  let count = 0;
  for await (const _ of values) if (++count > 5) return;
}

type Call = (value: never, given: unknown) => Promise<unknown>;
const calls: Record<string, Call> = {
  'Corpus.from': (value, given) => Corpus.from(value, given as never),
  'Corpus.load': (value, given) => Corpus.load(value, given as never),
  'Corpus.load with a file': (_, given) => Corpus.load(book, given as never),
  'Model.load': (value, given) => Model.load(value, given as never).then((m) => m.close()),
  'Model.load of a model': (_, given) =>
    Model.load(modelPath, bounded(given, { backend: 'reference' })).then((m) => m.close()),
  train: (value) => train(value),
  'train with options': (_, given) => {
    const small = { steps: 1, hidden: 4, layers: 1, threads: 1, batchSize: 2, seqLength: 4 };
    return train(corpus, bounded(given, { ...small, embedding: 2 })).then((m) => m.close());
  },
  sample: (_, given) => take(model.sample(bounded(given, { length: 8, threads: 1 }))),
  'sample with any length': (value, given) =>
    take(model.sampleText(bounded(given, { length: value }))),
  'sample with any count': (value, given) =>
    take(model.sample(bounded(given, { length: 3, threads: 1, count: value }))),
  score: (value, given) => take(model.score(value, bounded(given, { threads: 1 }))),
  'score of lines': (_, given) => take(model.score(['a', 'b'], given as never)),
  evaluate: (value, given) => model.evaluate(value, given as never),
  'evaluate of a file': (_, given) => model.evaluate(book, given as never),
  evaluateText: (value, given) => model.evaluateText(value, given as never),
  compress: (value, given) => model.compress(value, bounded(given, { threads: 1 })),
  'compress of bytes': (_, given) =>
    model.compress(new Uint8Array(9), bounded(given, { threads: 1 })),
  decompress: (value, given) => model.decompress(value, given as never),
};

test(
  'any values are refused in words, or taken',
  async () => {
    const names = Object.keys(calls);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), anything, options, async (name, value, given) => {
        try {
          await calls[name](value as never, given);
        } catch (error) {
          expect(error, name).toBeInstanceOf(CharnnError);
          const { message } = error as CharnnError;
          expect(message.length).toBeGreaterThan(10);
          expect(message).not.toMatch(/undefined is not|Cannot read|is not a function|\[object/);
        }
      }),
      { numRuns: times(1000, 100_000), seed: 17, endOnFailure: true },
    );
  },
  timeout,
);
