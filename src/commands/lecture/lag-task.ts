/** The claim that cells with gates learn what a vanilla network forgets. */
import { trainByAdam } from '../../analyse/adam-training.js';
import { surpriseOf } from '../../analyse/analysis.js';
import { parameterTable } from '../../model/parameters.js';
import { Random } from '../../model/random.js';
import type { LectureClaim } from '../../pages/data.js';
import { Vocabulary } from '../../text/vocabulary.js';
import {
  asLargeAs,
  freshWeights,
  type LectureSetting,
  modelOf,
  network,
  percent,
} from './lecture-network.js';

const letters = ['a', 'b', 'c', 'd'];
const longestLag = 50;
const examinedLags = [5, 10, 20, 30, 40, 50];
/** Number of test lines for each lag */
const examinedLines = 60;
const lstmUnits = 32;
const training = { seqLength: 64, batchSize: 8, steps: 3500, clipNorm: 1 };

/** The vanilla network has a lower learning rate than the others, because it learns more with a low one. */
const cells = [
  { cell: 'rnn', name: 'vanilla', learningRate: 0.006 },
  { cell: 'gru', name: 'GRU', learningRate: 0.02 },
  { cell: 'lstm', name: 'LSTM', learningRate: 0.02 },
] as const;

/** Makes a line: a letter, dots, a question mark, and the same letter again, `lag` characters after the first one */
function line(random: Random, lag: number): string {
  const letter = letters[Math.floor(random.uniform() * letters.length)];
  return `${letter}${'.'.repeat(lag - 2)}?${letter}\n`;
}

/** Claim: at a long lag, a vanilla network fails, while GRU and LSTM succeed. */
export async function lagTask({ device, seed }: LectureSetting): Promise<LectureClaim> {
  const random = new Random(seed);
  let read = '';
  // the text also contains short lags, because a network has to learn these before the long ones
  while (read.length < 40_000) {
    read += line(random, 2 + Math.floor(random.uniform() * (longestLag - 1)));
  }
  const vocabulary = Vocabulary.of(
    'char',
    new Set(Array.from(read, (character) => character.codePointAt(0) as number)),
  );
  const text = { vocabulary, ids: vocabulary.encode(read).ids };
  const examinations = examinedLags.map((lag) =>
    Array.from({ length: examinedLines }, () => line(random, lag)).join(''),
  );
  const setting = { text, hidden: lstmUnits };
  const lstm = network('lstm', setting);
  const results: { cell: string; units: number; parameters: number; recall: number[] }[] = [];
  for (const { cell, name, learningRate } of cells) {
    const config = asLargeAs(lstm, (units) => network(cell, setting, units));
    const fresh = freshWeights(config, seed);
    const options = { ...training, learningRate };
    const { weights } = await trainByAdam(device, config, fresh, text.ids, options);
    const recall: number[] = [];
    for (const examination of examinations) {
      const { ids } = vocabulary.encode(examination);
      const bits = await surpriseOf(modelOf(config, weights, vocabulary), device, ids);
      // every character is a single UTF-16 unit, so positions in the string and in the list of ids are the same
      const asked = [...examination.matchAll(/\?/g)].map(({ index }) => bits[index + 1]);
      recall.push(asked.reduce((sum, x) => sum + 2 ** -x, 0) / asked.length);
    }
    const parameters = parameterTable(config).count;
    results.push({ cell: name, units: config.hidden, parameters, recall });
  }
  const at = (lag: number) => results.map(({ recall }) => recall[examinedLags.indexOf(lag)]);
  const [vanilla, gru, lstmRecall] = at(longestLag);
  return {
    id: 'lag-task',
    title: 'At a long lag, a vanilla network fails, while GRU and LSTM succeed',
    text: `In each line of the text, a letter is repeated after up to ${longestLag} characters, as in b…?b. Three networks with ${results[2].parameters.toLocaleString('en')} parameters or slightly more are trained on this text for ${training.steps.toLocaleString('en')} steps of Adam. The chart shows the probability that each network then gives to the repeated letter; guessing would give ${percent(1 / letters.length)}. At a lag of ${longestLag}, the probability is ${results.map(({ cell, units, recall }) => `${percent(recall[recall.length - 1])} for ${cell} (${units} units)`).join(', ')}.`,
    holds: vanilla < 0.6 && gru > 0.8 && lstmRecall > 0.8,
    numbers: Object.fromEntries(
      results.flatMap(({ recall }, i) =>
        recall.map((value, k) => [`${cells[i].cell}${examinedLags[k]}`, value]),
      ),
    ),
    chart: {
      x: examinedLags,
      xLabel: 'lag',
      lines: results.map(({ cell, recall }) => ({ name: cell, y: recall })),
    },
  };
}
