/** The lecture's claim about networks with several layers. */
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

/** Claim: networks of one, two and three layers with about the same number of parameters can learn the same text. */
export async function severalLayers(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const one = network('rnn', setting, units);
  const configs = [1, 2, 3].map((layers) => narrowed(one, layers));
  // the networks are tested on other sentences than those from which they learn
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
    title: 'Layers can be stacked; with the same number of parameters, each layer is narrower',
    text: `These vanilla networks have one, two and three layers, where each layer reads the states of the layer below it. All networks have about ${parameterTable(one).count.toLocaleString('en')} parameters, so the layers of the deeper ones are narrower. After ${training.steps.toLocaleString('en')} steps on the same sentences, their losses on new sentences are between ${best.toFixed(3)} and ${worst.toFixed(3)} bits per character. No model can have a loss below ${sentenceEntropy.toFixed(3)} on average. On a text as simple as this, more layers alone do not help.`,
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

/** The largest network with this number of layers that does not have more parameters than another network */
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
