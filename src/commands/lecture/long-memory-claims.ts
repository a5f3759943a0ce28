/** Claims about how far back the gradients of different cells reach. */
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

/** Claim: the gradient of an LSTM reaches further back than that of a vanilla network of equal size. */
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
    title:
      'The gradient of an LSTM reaches further back than that of a vanilla network of equal size',
    text: `Both networks are untrained. The LSTM has ${parameterTable(lstm).count.toLocaleString('en')} parameters (${lstm.hidden} units), the vanilla network ${parameterTable(vanilla).count.toLocaleString('en')} (${vanilla.hidden} units). The chart shows how much of the gradient is left after a number of steps back, relative to one step back.`,
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

/** A bias with which the forget gate keeps 99.3 % of the cell state if its other inputs add up to 0 */
const openBias = 5;

/** Claim: if the forget gate is near 1, the gradient passes through the cell state almost unchanged. */
export async function openForgetGate(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('lstm', setting);
  const bias = placeOf(config, 'rnn.bias_ih_l0');
  const biases = [0, 1, 3, openBias];
  const curves: number[][] = [];
  for (const value of biases) {
    const weights = freshWeights(config, seed);
    const { hidden: H } = config;
    // the gates are in the order i, f, g, o
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
      'If the forget gate is near 1, the gradient passes through the cell state almost unchanged',
    text: `The bias of the forget gate determines how much of the cell state is kept at each step. After ${at} steps back, these fractions of the norm of the cell state's gradient are left: ${kept.map((x, i) => `${x.toPrecision(2)} with a bias of ${biases[i]}`).join(', ')}.`,
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

/** Cells with a gate that keeps the state: the bias of that gate, and the sign that the bias must have to open it */
const gatedCells = [
  { cell: 'lstm', bias: 'bias_ih', gate: 1, sign: 1 },
  { cell: 'gru', bias: 'bias_ih', gate: 1, sign: 1 },
  { cell: 'peephole', bias: 'b_f', gate: 0, sign: 1 },
  { cell: 'cifg', bias: 'b_f', gate: 0, sign: 1 },
  { cell: 'sru', bias: 'b_f', gate: 0, sign: 1 },
  { cell: 'mgu', bias: 'b_f', gate: 0, sign: -1 },
] as const;
const farLag = 25;
/** A gate with this pre-activation has the value 0.95 */
const wideOpen = 3;

/**
 * Claim: other cells also keep the gradient if the gate that keeps their state is open, and lose it if that gate is
 * half shut.
 */
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
    title: 'Other cells also have such a gate, and keep the gradient if it is open',
    text: `These cells have peephole connections, coupled gates or a single gate, and all of them add to a state instead of replacing it. The table shows how much of the gradient is left after ${farLag} steps back, relative to one step back, in untrained networks of ${H} units: first if the gate that keeps the state is half open, then if it is open by 95 %. The command “charnn cells show NAME” prints the equations of a cell.`,
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
