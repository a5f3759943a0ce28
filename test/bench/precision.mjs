/**
 * Training in float32 and in bfloat16, in turn, so that both meet the same disturbances: characters a second, medians
 * and the best of all rounds. What `auto` chooses is decided by these figures (src/train/precision.ts).
 *
 *     node test/bench/precision.mjs --rounds 7 lstm,1,64 gru,2,256 lstm,3,384,muon
 *
 * A point is a cell, layers and units; `muon` trains as `charnn train` does by default, otherwise it is Adam on the
 * batches of the torch-rnn benchmark.
 */
import { parseArgs } from 'node:util';
import { usableCores } from '../../dist/machine/cores.js';
import { chooseCell } from '../../dist/model/cells/cells.js';
import { trainingSpeed } from '../../dist/train/length/benchmark.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, threads: { type: 'string' } },
});
const usual = ['lstm,1,32', 'lstm,1,64', 'lstm,1,128', 'lstm,2,256', 'lstm,2,256,muon'];
const points = positionals.length > 0 ? positionals : usual;
const threads = Number(values.threads ?? usableCores());

const precisions = ['f32', 'bf16'];
const byDefault = {
  ...{ optimizer: 'muon', learningRate: 1e-3, momentum: 0.95, weightDecay: 0.1 },
  ...{ dropout: 0.2, average: 0.995 },
};

function optionsOf(point) {
  const [cell, layers, hidden, optimizer] = point.split(',');
  const shape = { ...chooseCell(cell), layers: Number(layers), hidden: Number(hidden) };
  const batch =
    optimizer === 'muon'
      ? { batchSize: 32, seqLength: 64, training: byDefault }
      : { batchSize: 50, seqLength: 50 };
  return {
    ...{ ...shape, embedding: 64, vocabulary: 65, residual: Number(layers) > 2 },
    ...{ ...batch, threads, backend: 'native', iterations: 5 },
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const thousands = (x) => (x / 1000).toFixed(1);

console.log(
  `| thousand characters a second, ${threads} threads | f32 | bf16 | ratio | of the best |`,
);
console.log('|-|-|-|-|-|');
for (const point of points) {
  const options = optionsOf(point);
  const speeds = { f32: [], bf16: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const precision of precisions) {
      speeds[precision].push(await trainingSpeed({ ...options, precision }));
    }
  }
  const [full, half] = precisions.map((precision) => median(speeds[precision]));
  const [bestFull, bestHalf] = precisions.map((precision) => Math.max(...speeds[precision]));
  const ratios = [half / full, bestHalf / bestFull].map((ratio) => ratio.toFixed(2));
  console.log(
    `| ${point} | ${thousands(full)} | ${thousands(half)} | ${ratios[0]} | ${ratios[1]} |`,
  );
}
