/** Claims on how far back cells reach: their gradients, and what they can learn. */
import { gradientFlow } from '../../analyse/gradient-flow.js';
import { powerOfTen } from '../../messages/power-of-ten.js';
import { chooseCell } from '../../model/cells/cells.js';
import type { ModelConfig } from '../../model/model-config.js';
import { parameterTable } from '../../model/parameters.js';
import type { LectureClaim } from '../../pages/data.js';
import {
  asLargeAs,
  freshWeights,
  type LectureSetting,
  network,
  placeOf,
  steps,
} from './lecture-network.js';

const lags = 60;

/** An LSTM's gradient reaches back further than a vanilla network's of equal size. */
export async function lstmReachesFurther(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const lstm = network('lstm', setting);
  const vanilla = asLargeAs(lstm, (width) => network('rnn', setting, width));
  const measures = { lags, positions: 16 };
  const flows = [];
  for (const config of [vanilla, lstm]) {
    const weights = freshWeights(config, seed);
    flows.push(await gradientFlow(device, config, weights, text.ids, measures));
  }
  const shown = [10, 25, 50];
  const kept = flows.map(({ whole }) => shown.map((lag) => whole[lag - 1].mean / whole[0].mean));
  return {
    id: 'lstm-reaches-further',
    title: "An LSTM's gradient reaches back further than a vanilla network's of equal size",
    text: `Untrained, with ${parameterTable(lstm).count.toLocaleString('en')} parameters (${lstm.hidden} units) and ${parameterTable(vanilla).count.toLocaleString('en')} (${vanilla.hidden} units): what is left of the gradient, relative to one step back.`,
    holds: shown.every((_, i) => kept[1][i] > 10 * kept[0][i]),
    numbers: Object.fromEntries(
      shown.flatMap((lag, i) => [
        [`rnn${lag}`, kept[0][i]],
        [`lstm${lag}`, kept[1][i]],
      ]),
    ),
    chart: {
      x: steps(lags),
      xLabel: 'steps back',
      logarithmic: true,
      lines: flows.map(({ whole }, i) => ({
        name: i === 0 ? 'vanilla' : 'LSTM',
        y: whole.map(({ mean }) => mean / whole[0].mean),
      })),
    },
  };
}

/** Pre-activation of the forget gate by its bias alone, at which it lets 99.3 % through */
const openBias = 5;

/** Through the cell state, with the forget gate near 1, the gradient stays almost unchanged. */
export async function openForgetGate(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('lstm', setting);
  const bias = placeOf(config, 'rnn.bias_ih_l0');
  const biases = [0, 1, 3, openBias];
  const curves: number[][] = [];
  for (const value of biases) {
    const weights = freshWeights(config, seed);
    const { hidden: H } = config;
    // gates lie in the order i, f, g, o
    weights.fill(value, bias.start + H, bias.start + 2 * H);
    const measures = { lags, positions: 16 };
    const { states } = await gradientFlow(device, config, weights, text.ids, measures);
    const cell = states.find(({ state }) => state === 'c')?.byLag ?? [];
    curves.push(cell.map(({ mean }) => mean / cell[0].mean));
  }
  const at = 50;
  const kept = curves.map((curve) => curve[at - 1]);
  return {
    id: 'open-forget-gate',
    title:
      'Through the cell state, with the forget gate near 1, the gradient stays almost unchanged',
    text: `The forget gate's bias decides how much of the cell state stays at each step. ${at} steps back, the gradient of the cell state has ${kept.map((x, i) => `${x.toPrecision(2)} of its norm with a bias of ${biases[i]}`).join(', ')}.`,
    holds: kept[3] > 0.5 && kept[0] < 0.01 && kept[2] > kept[1],
    numbers: Object.fromEntries(biases.map((value, i) => [`bias${value}`, kept[i]])),
    chart: {
      x: steps(lags),
      xLabel: 'steps back',
      logarithmic: true,
      lines: curves.map((y, i) => ({ name: `bias ${biases[i]}`, y })),
    },
  };
}

/** Cells with a gate that keeps the state, the bias of that gate, and the sign with which it is opened */
const gatedCells = [
  { cell: 'lstm', bias: 'bias_ih', gate: 1, sign: 1 },
  { cell: 'gru', bias: 'bias_ih', gate: 1, sign: 1 },
  { cell: 'peephole', bias: 'b_f', gate: 0, sign: 1 },
  { cell: 'cifg', bias: 'b_f', gate: 0, sign: 1 },
  { cell: 'sru', bias: 'b_f', gate: 0, sign: 1 },
  { cell: 'mgu', bias: 'b_f', gate: 0, sign: -1 },
] as const;
const farLag = 25;
/** A gate with this pre-activation is open by 95 % */
const wideOpen = 3;

/** Other cells, too, keep the gradient with an open gate and lose it with a gate that is half shut. */
export async function otherCells(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed, hidden: H } = setting;
  const keptBy = async (config: ModelConfig, weights: Float32Array) => {
    const measures = { lags: farLag, positions: 16 };
    const { whole } = await gradientFlow(device, config, weights, text.ids, measures);
    return whole[farLag - 1].mean / whole[0].mean;
  };
  const plain = network('rnn', setting);
  const vanilla = await keptBy(plain, freshWeights(plain, seed));
  const kept: (readonly [cell: string, half: number, open: number])[] = [];
  for (const { cell, bias, gate, sign } of gatedCells) {
    const config = { ...network(cell, setting), ...chooseCell(cell) };
    const from = placeOf(config, `rnn.${bias}_l0`).start + gate * H;
    const [half, open] = [0, wideOpen * sign].map((value) =>
      freshWeights(config, seed).fill(value, from, from + H),
    );
    kept.push([cell, await keptBy(config, half), await keptBy(config, open)]);
  }
  const least = Math.min(...kept.map(([, , open]) => open));
  const mostOfHalf = Math.max(...kept.map(([, half]) => half));
  return {
    id: 'other-cells',
    title: 'Other cells have such a gate, too, and what counts is that it is open',
    text: `Peephole connections, coupled gates, a single gate: these cells add to a state instead of replacing it. The table has what is left of the gradient ${farLag} steps back, relative to one step back, in untrained networks of ${H} units, where the gate that keeps the state is half open and where it is open by 95 %. charnn cells shows the equations of each.`,
    holds: least > 0.01 && least > 100 * vanilla && mostOfHalf < least / 10,
    numbers: { vanilla, least, mostOfHalf },
    table: {
      head: ['cell', 'half open', 'open'],
      rows: [
        ['vanilla (no gate)', powerOfTen(vanilla, 1), ''],
        ...kept.map(([cell, ...shares]) => [cell, ...shares.map((share) => powerOfTen(share, 1))]),
      ],
    },
  };
}
