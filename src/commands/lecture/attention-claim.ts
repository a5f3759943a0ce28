/** The claim that attention helps to convert long strings. */
import { Corpus } from '../../library/corpus.js';
import { train } from '../../library/train-on-corpus.js';
import { Random } from '../../model/random.js';
import type { LectureClaim } from '../../pages/data.js';
import { type LectureSetting, percent } from './lecture-network.js';

const letters = [...'abcdefgh'];
const longestSource = 16;
const pairs = 4000;
const examinedLengths = [2, 4, 6, 8, 10, 12, 14, 16];
/** Number of test strings of each length */
const examinedStrings = 50;
const training = { layers: 1, embedding: 16, batchSize: 32, steps: 1000, dropout: 0 } as const;

/** The network without attention has more units, so that it has at least as many parameters. */
const networks = [
  { name: 'with attention', attention: 'general', hidden: 32 },
  { name: 'without attention', attention: 'none', hidden: 40 },
] as const;

const reversed = (text: string) => [...text].reverse().join('');

/** Claim: an encoder-decoder with attention converts long strings correctly, and one without attention does not. */
export async function attention({ backend, seed }: LectureSetting): Promise<LectureClaim> {
  const random = new Random(seed);
  const string = (length: number) =>
    Array.from({ length }, () => letters[Math.floor(random.uniform() * letters.length)]).join('');
  const sources = Array.from({ length: pairs }, () =>
    string(1 + Math.floor(random.uniform() * longestSource)),
  );
  const examinations = examinedLengths.map((length) =>
    Array.from({ length: examinedStrings }, () => string(length)),
  );
  const read = sources.map((source) => `${source}\t${reversed(source)}\n`).join('');
  const corpus = await Corpus.from(read, { pairs: true });
  const results: { name: string; parameters: number; right: number[] }[] = [];
  for (const { name, ...network } of networks) {
    const model = await train(corpus, { ...network, ...training, seed, backend, threads: 1 });
    const right: number[] = [];
    for (const examination of examinations) {
      let count = 0;
      for await (const { source, targets } of model.convert(examination, { threads: 1 })) {
        if (targets[0]?.text === reversed(source)) count++;
      }
      right.push(count / examinedStrings);
    }
    results.push({ name, parameters: model.parameters, right });
    await model.close();
  }
  const at = (length: number) => results.map(({ right }) => right[examinedLengths.indexOf(length)]);
  const [attended, unattended] = at(longestSource);
  return {
    id: 'attention',
    title: 'With attention, an encoder-decoder can also convert long strings',
    text: `Two networks learn to write strings of up to ${longestSource} letters backwards. Each has an encoder, which reads the string, and a decoder, which writes the other one. Without attention, everything that the decoder learns about the string has to fit into the state that the encoder ends with. With attention, the decoder looks at all states of the encoder before each letter that it writes. The network with attention has ${results[0].parameters.toLocaleString('en')} parameters, the other one ${results[1].parameters.toLocaleString('en')}, and both are trained for ${training.steps} steps. The chart shows which share of new strings they reverse without a mistake. Of strings with ${longestSource} letters, these are ${percent(attended)} with attention and ${percent(unattended)} without it.`,
    holds: attended > 0.7 && unattended < 0.3 && results[1].parameters >= results[0].parameters,
    numbers: Object.fromEntries(
      examinedLengths.flatMap((length) => {
        const [one, other] = at(length);
        return [
          [`with${length}`, one],
          [`without${length}`, other],
        ];
      }),
    ),
    chart: {
      x: examinedLengths,
      xLabel: 'letters of the string',
      lines: results.map(({ name, right }) => ({ name, y: right })),
    },
  };
}
