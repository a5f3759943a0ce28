/** The claim about the four gates of an LSTM, which is tested on one line of a text. */
import { trainByAdam } from '../../analyse/adam-training.js';
import { recordSteps } from '../../analyse/step-record.js';
import type { LectureClaim } from '../../pages/data.js';
import type { Ids } from '../../text/unit.js';
import { freshWeights, type LectureSetting, modelOf, network, placeOf } from './lecture-network.js';

const training = { seqLength: 64, batchSize: 8, steps: 600, learningRate: 0.01, clipNorm: 1 };
/** A bias so large that a gate stays open, or shut if it is negative, whatever the network reads */
const forced = 30;
/** The gates, in the order of PyTorch and charnn */
const gates = ['input', 'forget', 'cell', 'output'] as const;

/** Claim: the gates decide what is written to the cell, what is kept, and what is passed on. */
export async function fourGates(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('lstm', setting);
  const { hidden: H } = config;
  const fresh = freshWeights(config, seed);
  const { weights } = await trainByAdam(device, config, fresh, text.ids, training);
  const ids = firstLine(text.ids, text.vocabulary.id(0x0a));
  const bias = placeOf(config, 'rnn.bias_ih_l0');
  const record = async (biases: Partial<Record<(typeof gates)[number], number>>, start = 0) => {
    const changed = weights.slice();
    gates.forEach((gate, g) => {
      const from = bias.start + g * H;
      const value = biases[gate];
      if (value !== undefined) changed.fill(value, from, from + H);
    });
    const model = modelOf(config, changed, text.vocabulary);
    const { quantities, layers } = await recordSteps(model, device, ids, start);
    return Object.fromEntries(quantities.map((name, q) => [name, layers[0][q]]));
  };
  const free = await record({});
  const [inputShut, forgetShut, outputShut, kept] = [
    await record({ input: -forced }),
    await record({ forget: -forced }),
    await record({ output: -forced }),
    await record({ input: -forced, forget: forced }, 0.5),
  ];
  const unit = liveliest(
    gates.map((gate) => free[gate]),
    H,
  );
  const along = (name: string) =>
    Array.from({ length: ids.length }, (_, t) => free[name][t * H + unit]);
  const wrong = largest(
    Float64Array.from(free.c, (c, i) => {
      const before = i < H ? 0 : free.c[i - H];
      const cell = free.forget[i] * before + free.input[i] * free.cell[i] - c;
      return Math.max(Math.abs(cell), Math.abs(free.output[i] * Math.tanh(c) - free.h[i]));
    }),
  );
  const onlyNew = largest(forgetShut.c.map((c, i) => c - forgetShut.input[i] * forgetShut.cell[i]));
  const drift = largest(kept.c.map((c) => c - 0.5));
  const line = text.vocabulary.decode(ids);
  const rows = [
    ['as learned', free],
    ['input shut: nothing is written', inputShut],
    ['forget shut: nothing stays', forgetShut],
    ['output shut: nothing is passed on', outputShut],
    ['input shut, forget open: 0.5 stays', kept],
  ] as const;
  return {
    id: 'four-gates',
    title:
      'The four gates decide what is written to the cell, what stays in it, and what is passed on',
    text: `The equations of an LSTM are c = forget · (c before the step) + input · cell, and h = output · tanh(c). In an LSTM that has learned from the sentences, the recorded values satisfy these equations to within ${wrong.toExponential(0)}, at each of the ${ids.length} characters of a line and in each of the ${H} units. The chart shows unit ${unit}, whose gates move most, along the line “${line}”. The table shows the largest values of c and h when gates are forced to be shut or open.`,
    holds:
      wrong < 1e-5 &&
      largest(inputShut.c) < 1e-5 &&
      onlyNew < 1e-5 &&
      largest(outputShut.h) < 1e-5 &&
      largest(outputShut.c) > 0.1 &&
      drift < 1e-3,
    numbers: {
      wrong,
      inputShut: largest(inputShut.c),
      onlyNew,
      outputShut: largest(outputShut.h),
      hiddenCell: largest(outputShut.c),
      drift,
      range: Math.max(...along('c')) - Math.min(...along('c')),
    },
    chart: {
      x: Array.from({ length: ids.length }, (_, t) => t),
      xLabel: 'character',
      xNames: Array.from(line, (character) => (character === ' ' ? '␣' : character)),
      lines: [
        ...gates.map((name) => ({ name, y: along(name) })),
        ...['c', 'h'].map((name) => ({ name, y: along(name) })),
      ],
    },
    table: {
      head: ['gates', 'largest |c|', 'largest |h|'],
      rows: rows.map(([name, { c, h }]) => [name, largest(c).toFixed(3), largest(h).toFixed(3)]),
    },
  };
}

/** The first line of a text, without the newline at its end */
function firstLine(ids: Ids, newline: number): Ids {
  return ids.subarray(0, ids.indexOf(newline)) as Ids;
}

/** The unit whose gates move most: the ranges of their values have the largest sum */
function liveliest(recorded: readonly Float32Array[], H: number): number {
  const ranges = Array.from({ length: H }, (_, unit) => {
    const own = recorded.map((values) => values.filter((_, i) => i % H === unit));
    return own.reduce((sum, values) => sum + Math.max(...values) - Math.min(...values), 0);
  });
  return ranges.indexOf(Math.max(...ranges));
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
