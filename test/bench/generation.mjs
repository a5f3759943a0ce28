/**
 * How fast networks write one character at a time in each precision, alternated in one process.
 *
 *     node test/bench/generation.mjs [--sizes 2x256,3x384] [--rounds 7] [--seconds 0.3]
 */
import { parseArgs } from 'node:util';
import { openDevice } from '../../dist/backend/open-device.js';
import { loadNetwork } from '../../dist/model/load.js';
import { initialValues, parameterTable } from '../../dist/model/parameters.js';
import { Vocabulary } from '../../dist/text/vocabulary.js';

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '2x256,3x384' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.3' },
  },
});
const precisions = ['f32', 'bf16', 'int8'];
const vocabulary = 65;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Returns what writes for some seconds and tells how many characters a second that were. */
async function writer(config, precision) {
  const { name, operations: backend } = await openDevice('auto', precision);
  const symbols = Array.from({ length: vocabulary - 1 }, (_, i) => i);
  const model = {
    config,
    vocabulary: Vocabulary.of('char', symbols),
    text: { unit: 'char', keepCr: false },
    weights: initialValues(parameterTable(config), 1),
    training: undefined,
    history: [],
  };
  const network = loadNetwork(model, backend, { maxRows: 1, maxBatch: 1 });
  const state = network.createState(1);
  const input = backend.indices(1);
  const logits = new Float32Array(vocabulary);
  return (seconds) => {
    const begun = performance.now();
    let count = 0;
    let milliseconds = 0;
    while (milliseconds < 1e3 * seconds) {
      for (let i = 0; i < 100; i++, count++) {
        backend.writeIndices(input, [count % vocabulary]);
        backend.read(network.forward(input, 1, 1, state), logits);
      }
      milliseconds = performance.now() - begun;
    }
    return { name, speed: count / (milliseconds / 1e3) };
  };
}

console.log('| | characters a second | beside f32 | back end |\n|-|-|-|-|');
for (const size of options.sizes.split(',')) {
  const [layers, hidden] = size.split('x').map(Number);
  const config = { cell: 'lstm', layers, hidden, embedding: 64, vocabulary };
  const writers = await Promise.all(precisions.map((precision) => writer(config, precision)));
  const speeds = precisions.map(() => []);
  const names = [];
  // the first round is for the engine to compile
  for (let round = 0; round <= Number(options.rounds); round++) {
    writers.forEach((write, i) => {
      const { name, speed } = write(Number(options.seconds));
      names[i] = name;
      if (round > 0) speeds[i].push(speed);
    });
  }
  precisions.forEach((precision, i) => {
    const [speed, full] = [median(speeds[i]), median(speeds[0])];
    const cells = [
      `${layers} × ${hidden}, ${precision}`,
      Math.round(speed),
      (speed / full).toFixed(2),
      names[i],
    ];
    console.log(`| ${cells.join(' | ')} |`);
  });
}
