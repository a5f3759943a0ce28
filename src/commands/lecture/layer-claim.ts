/** The claim on several layers. */
import { trainByAdam } from '../../analyse/adam-training.js';
import { surpriseOf } from '../../analyse/analysis.js';
import type { ModelConfig } from '../../model/model-config.js';
import { parameterTable } from '../../model/parameters.js';
import type { LectureClaim } from '../../pages/data.js';
import { freshWeights, type LectureSetting, modelOf, network } from './lecture-network.js';
import { lectureText, sentenceEntropy } from './lecture-text.js';

const units = 64;
const examined = 6000;
const training = { seqLength: 64, batchSize: 8, steps: 1000, learningRate: 0.01, clipNorm: 1 };

/** One, two and three layers with the same number of parameters learn the same text. */
export async function severalLayers(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const one = network('rnn', setting, units);
  const configs = [1, 2, 3].map((layers) => narrowed(one, layers));
  // other sentences than those that were learned from
  const unseen = text.vocabulary.encode(textOf(seed + 1)).ids;
  const losses: number[] = [];
  for (const config of configs) {
    const { weights } = await trainByAdam(
      device,
      config,
      freshWeights(config, seed),
      text.ids,
      training,
    );
    const bits = await surpriseOf(modelOf(config, weights, text.vocabulary), device, unseen);
    losses.push(bits.reduce((sum, x) => sum + x, 0) / (bits.length - 1));
  }
  const [worst, best] = [Math.max(...losses), Math.min(...losses)];
  return {
    id: 'several-layers',
    title: 'Layers can be stacked: with equally many parameters each is narrower',
    text: `Vanilla networks of one, two and three layers, each layer reading the states of the one below. All have about ${parameterTable(one).count.toLocaleString('en')} parameters, so the layers of a deeper one are narrower. After ${training.steps.toLocaleString('en')} steps on the same sentences they come to between ${best.toFixed(3)} and ${worst.toFixed(3)} bits per character on sentences they have not seen, where no model can have less than ${sentenceEntropy.toFixed(3)} on average. On a text as simple as this, depth by itself is no gain.`,
    holds: worst < 1.15 * sentenceEntropy,
    numbers: {
      entropy: sentenceEntropy,
      ...Object.fromEntries(losses.map((loss, i) => [`layers${i + 1}`, loss])),
      ...Object.fromEntries(
        configs.map((config, i) => [`parameters${i + 1}`, parameterTable(config).count]),
      ),
    },
    table: {
      head: ['layers', 'units of each', 'parameters', 'bits per character'],
      rows: configs.map((config, i) => [
        `${config.layers}`,
        `${config.hidden}`,
        parameterTable(config).count.toLocaleString('en'),
        losses[i].toFixed(3),
      ]),
    },
  };
}

/** The network of so many layers that has as many parameters as another one, or the greatest number below */
function narrowed(other: ModelConfig, layers: number): ModelConfig {
  const most = parameterTable(other).count;
  let hidden = other.hidden;
  while (parameterTable({ ...other, layers, hidden }).count > most) hidden--;
  return { ...other, layers, hidden };
}

function textOf(seed: number): string {
  const { vocabulary, ids } = lectureText(seed, examined);
  return vocabulary.decode(ids);
}
