/** The claims of the lecture, each with the figures that were computed for it just now. */
import { clipped, explosions } from '../../analyse/explosion.js';
import { gradientFlow } from '../../analyse/gradient-flow.js';
import { scaleWeights } from '../../analyse/recurrent-scale.js';
import { regimeInWords, regimeOf } from '../../analyse/regime.js';
import { normOf, SmallTraining } from '../../analyse/small-training.js';
import { recurrentSpectra } from '../../analyse/spectra.js';
import { truncatedGradients } from '../../analyse/truncation.js';
import { type Scope, withScope } from '../../backend/device.js';
import { loadNetwork } from '../../model/load.js';
import type { ModelConfig } from '../../model/model-config.js';
import { initialValues, parameterTable } from '../../model/parameters.js';
import type { LectureClaim } from '../../pages/data.js';
import type { Ids } from '../../text/unit.js';
import { Vocabulary } from '../../text/vocabulary.js';
import type { LectureText } from './lecture-text.js';

export interface LectureSetting {
  readonly device: Scope;
  readonly text: LectureText;
  readonly seed: number;
  readonly hidden: number;
}

type Claim = (setting: LectureSetting) => Promise<LectureClaim>;

/** In the lecture's order */
export const claims: readonly Claim[] = [
  oneSetOfWeights,
  memoryOfLength,
  edgeOfTheChunk,
  vanishingAndExploding,
  clippingKeepsDirection,
  rootOrSquares,
  clippingSavesTraining,
  lstmReachesFurther,
  openForgetGate,
];

function network(cell: string, { text, hidden }: LectureSetting, width = hidden): ModelConfig {
  return { cell, layers: 1, hidden: width, embedding: 0, vocabulary: text.vocabulary.size };
}

function freshWeights(config: ModelConfig, seed: number): Float32Array {
  return initialValues(parameterTable(config), seed);
}

const steps = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** The state starts at zero, and one set of weights serves all steps. */
async function oneSetOfWeights(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const T = 50;
  const read = (pieces: readonly number[], zero: boolean) =>
    withScope(device, async (backend) => {
      const symbols = Vocabulary.of('char', text.vocabulary.symbols);
      const model = { config, weights, vocabulary: symbols, text: text.options };
      const net = loadNetwork({ ...model, training: undefined, history: [] }, backend, {
        maxRows: T,
        maxBatch: 1,
      });
      const state = net.createState(1);
      if (!zero) for (const layer of state) for (const part of layer) backend.fill(part, 0.5);
      const logits: number[] = [];
      let at = 0;
      for (const length of pieces) {
        const ids = backend.indices(length);
        backend.writeIndices(ids, Int32Array.from(text.ids.subarray(at, at + length)));
        logits.push(...(await backend.read(net.forward(ids, length, 1, state))));
        at += length;
      }
      return logits;
    });
  const whole = await read([T], true);
  const single = await read(new Array(T).fill(1), true);
  const other = await read([T], false);
  const V = config.vocabulary;
  const farthest = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((x, i) => Math.abs(x - b[i])));
  const byStep = steps(T).map((t) =>
    farthest(whole.slice((t - 1) * V, t * V), other.slice((t - 1) * V, t * V)),
  );
  const difference = farthest(whole, single);
  return {
    id: 'one-set-of-weights',
    title: 'The state starts at zero, and one set of weights serves all steps',
    text: `A vanilla network of ${config.hidden} units has ${parameterTable(config).count.toLocaleString('en')} parameters, however long the text is. Reading ${T} characters at once, and one by one with the state handed on, gives the same predictions: they differ by ${difference}. What the state begins with matters at first: the chart shows by how much predictions change if it begins at 0.5 instead of 0.`,
    holds: difference < 1e-5 && byStep[0] > byStep[T - 1],
    numbers: { difference, firstStep: byStep[0], lastStep: byStep[T - 1] },
    chart: {
      x: steps(T),
      xLabel: 'step',
      logarithmic: true,
      lines: [{ name: 'largest change of a logit', y: byStep }],
    },
  };
}

const wholeLength = 1024;
const chunkLengths = [16, 64, 256, wholeLength];

/** Back-propagation through a whole sequence needs memory in proportion to its length, truncated it needs the chunk's. */
async function memoryOfLength(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const rows = await truncatedGradients(
    device,
    config,
    weights,
    text.ids,
    chunkLengths,
    wholeLength,
  );
  const [short, long] = [rows[0], rows[rows.length - 1]];
  const ratio = long.activationBytes / short.activationBytes;
  return {
    id: 'memory-of-length',
    title: 'Truncation saves memory, and costs a part of the gradient',
    text: `Back-propagation through ${wholeLength} steps keeps the activations of all of them; in chunks of ${short.seqLength} it keeps ${ratio} times less. The gradient of the same text then is off by ${percent(short.error)}.`,
    holds: ratio === long.seqLength / short.seqLength && short.error > rows[1].error,
    numbers: { ratio, errorOfShort: short.error, errorOfLong: long.error },
    table: {
      head: ['steps of a chunk', 'memory', 'gradient off by', 'cosine'],
      rows: rows.map(({ seqLength, activationBytes, error, cosine }) => [
        seqLength.toLocaleString('en'),
        `${(activationBytes / 1e3).toFixed(0)} kB`,
        percent(error),
        cosine.toFixed(4),
      ]),
    },
  };
}

/** At the edge of a chunk the state goes on and the gradient ends. */
async function edgeOfTheChunk(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const weights = freshWeights(config, seed);
  const T = 16;
  // a symbol that occurs once, right before the edge: its input weights learn from what follows alone
  const marked = Int32Array.from(text.ids.subarray(0, 2 * T + 1));
  const unique = config.vocabulary - 1;
  marked[T - 1] = unique;
  const without = marked.slice();
  without[T - 1] = marked[T - 2];
  const inputOf = (gradient: ArrayLike<number>) => ofSymbol(config, gradient, unique);
  const chunkLosses = (ids: Int32Array, seqLength: number) =>
    withScope(device, async (backend) => {
      const chunks = { seqLength, batchSize: 1 };
      const training = new SmallTraining(backend, config, weights, ids as unknown as Ids, chunks);
      const first = await training.gradient();
      return seqLength === T ? [first, await training.gradient()] : [first];
    });
  const [first, second] = await chunkLosses(marked, T);
  const [both] = await chunkLosses(marked, 2 * T);
  const [, other] = await chunkLosses(without, T);
  // means over 2 T and over T characters
  const fromSecond = both.gradient.map((x, i) => 2 * x - first.gradient[i]);
  const truncated = normOf(inputOf(second.gradient));
  const full = normOf(inputOf(fromSecond));
  const change = Math.abs(second.loss - other.loss);
  return {
    id: 'edge-of-the-chunk',
    title: "At the chunk's edge the state goes on and the gradient ends",
    text: `A symbol that occurs nowhere else is put right before the edge between two chunks of ${T} steps. It changes the loss of the second chunk by ${change.toPrecision(2)} nats per character, so the state went on. But the gradient of that loss with respect to the symbol's input weights is ${truncated} when truncated, and ${full.toPrecision(2)} without truncation.`,
    holds: truncated === 0 && full > 0 && change > 0,
    numbers: { truncated, full, change },
    table: {
      head: ['', 'norm of the gradient'],
      rows: [
        ['truncated at the edge', `${truncated}`],
        ['through both chunks', full.toPrecision(3)],
      ],
    },
  };
}

/** The part of a gradient that belongs to a symbol's column of the one-hot input weights */
function ofSymbol(config: ModelConfig, gradient: ArrayLike<number>, symbol: number): number[] {
  const { parameters } = parameterTable(config);
  const input = parameters.find(({ name }) => name === 'rnn.weight_ih_l0');
  if (input === undefined) throw new Error('the network has no input weights');
  const [rows, V] = input.shape;
  return Array.from({ length: rows }, (_, row) => gradient[input.start + row * V + symbol]);
}

const lags = 60;
const scales = [0.5, 0.9, 1, 1.1, 1.5];

/** A largest singular value above 1 explodes, below 1 vanishes. */
async function vanishingAndExploding(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('rnn', setting);
  const lines: { name: string; y: number[] }[] = [];
  const words: string[] = [];
  const numbers: Record<string, number> = {};
  for (const recurrent of scales) {
    const weights = freshWeights(config, seed);
    scaleWeights(config, weights, { recurrent, input: 0 }, seed);
    const measures = { lags, positions: 8 };
    const flow = await gradientFlow(device, config, weights, text.ids, measures);
    const [spectrum] = await recurrentSpectra(device, config, weights);
    const norms = flow.whole.map(({ mean }) => mean);
    lines.push({ name: `σ = ${spectrum.singularValues[0].toFixed(1)}`, y: norms });
    words.push(`at ${recurrent} it ${regimeInWords(regimeOf(norms))}`);
    numbers[`${recurrent}`] = norms[lags - 1] / norms[0];
  }
  const follows = scales.every((s) => Math.abs(numbers[`${s}`] / s ** (lags - 1) - 1) < 0.02);
  return {
    id: 'vanishing-and-exploding',
    title: 'A largest singular value above 1 explodes the gradient, below 1 it vanishes',
    text: `The recurrent matrix is a factor times an orthogonal one, so all its singular values are that factor; without input tanh is linear. The norm of the gradient: ${words.join('; ')}.`,
    holds: follows,
    numbers,
    chart: { x: steps(lags), xLabel: 'steps back', logarithmic: true, lines },
  };
}

const training = { seqLength: 64, batchSize: 16, steps: 150, learningRate: 1 };
const explodingScale = 2;

function explodingNetwork(setting: LectureSetting) {
  const config = network('rnn', setting, 64);
  const weights = freshWeights(config, setting.seed);
  scaleWeights(config, weights, { recurrent: explodingScale }, setting.seed);
  return { config, weights };
}

/** Clipping by norm scales a gradient that is too large, and keeps its direction. */
async function clippingKeepsDirection(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text } = setting;
  const { config, weights } = explodingNetwork(setting);
  const clippings = [
    { by: 'norm', limit: 1 },
    { by: 'value', limit: 0.02 },
  ] as const;
  const options = { ...training, steps: 30 };
  const found = await explosions(device, config, weights, text.ids, clippings, options);
  const [byNorm, byValue] = found.map(({ steps }) => steps);
  const least = (list: typeof byNorm) => Math.min(...list.map(({ cosine }) => cosine));
  const largest = Math.max(...byNorm.map(({ normAfter }) => normAfter));
  return {
    id: 'clipping-keeps-direction',
    title: 'Clipping by norm shortens a gradient and keeps its direction',
    text: `Clipped by norm at 1, no gradient is longer than ${largest.toPrecision(4)} and the cosine of the angle to the one before is at least ${least(byNorm).toFixed(4)}. Clipped by value at 0.02 it is turned: the cosine falls to ${least(byValue).toFixed(2)}.`,
    holds: least(byNorm) > 0.9999 && largest < 1.0001 && least(byValue) < 0.9,
    numbers: { cosineByNorm: least(byNorm), cosineByValue: least(byValue), largest },
    chart: {
      x: steps(byNorm.length),
      xLabel: 'step',
      logarithmic: true,
      lines: [
        { name: 'before, clipped by norm', y: byNorm.map(({ normBefore }) => normBefore) },
        { name: 'after', y: byNorm.map(({ normAfter }) => normAfter) },
      ],
    },
  };
}

/** The lecture's code compares the sum of squares with the limit, charnn its root. */
async function rootOrSquares(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text } = setting;
  const { config, weights } = explodingNetwork(setting);
  const limit = 5;
  const gradient = await withScope(device, async (backend) => {
    const chunks = { seqLength: 16, batchSize: 16 };
    const one = new SmallTraining(backend, config, weights, text.ids, chunks);
    return (await one.gradient()).gradient;
  });
  const norm = normOf(gradient);
  // the first gradient, made as long as these
  const norms = [1, 2, 3, 4, 5, 8];
  const scaled = norms.map((length) => gradient.map((x) => (x / norm) * length));
  const byRoot = scaled.map((g) => normOf(clipped(g, { by: 'norm', limit })));
  const bySquares = scaled.map((g) => {
    const squares = normOf(g) ** 2;
    return normOf(squares > limit ? g.map((x) => (x * limit) / squares) : g);
  });
  const clippedTooEarly = norms.filter((x, i) => x <= limit && bySquares[i] < 0.999 * x).length;
  return {
    id: 'root-or-squares',
    title: "The norm is the root of the sum of squares: the lecture's code leaves out the root",
    text: `With a limit of ${limit}, code that takes the sum of squares in the place of the norm clips gradients from a norm of ${Math.sqrt(limit).toFixed(2)} on, and makes them the shorter the longer they were. charnn takes the norm itself. The table is of one gradient, made as long as the first column says.`,
    holds: clippedTooEarly > 0 && bySquares[5] < bySquares[2] && Math.abs(byRoot[5] - limit) < 1e-4,
    numbers: { clippedTooEarly, longestBySquares: bySquares[5], longestByRoot: byRoot[5] },
    table: {
      head: ['norm before', 'after, by the norm', 'after, by the sum of squares'],
      rows: norms.map((x, i) => [x.toFixed(1), byRoot[i].toFixed(2), bySquares[i].toFixed(2)]),
    },
  };
}

/** A training that explodes without clipping converges with it. */
async function clippingSavesTraining(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text } = setting;
  const { config, weights } = explodingNetwork(setting);
  const clippings = [
    { by: 'nothing', limit: Number.POSITIVE_INFINITY },
    { by: 'norm', limit: 1 },
  ] as const;
  const found = await explosions(device, config, weights, text.ids, clippings, training);
  const bits = found.map(({ steps }) => steps.map(({ loss }) => loss / Math.LN2));
  const end = (list: readonly number[]) => list.slice(-20).reduce((a, b) => a + b, 0) / 20;
  const [free, held] = bits.map(end);
  const [[begin]] = bits;
  return {
    id: 'clipping-saves-training',
    title: 'A training that explodes without clipping converges with it',
    text: `From the same weights, with the same learning rate: without clipping the loss is ${free.toFixed(2)} bits per character at the end, with clipping at a norm of 1 it is ${held.toFixed(2)}; both began at ${begin.toFixed(2)}.`,
    holds: held < 0.9 * begin && free > 1.1 * held,
    numbers: { begin, free, clipped: held },
    chart: {
      x: steps(training.steps),
      xLabel: 'step',
      lines: [
        { name: 'not clipped', y: bits[0] },
        { name: 'clipped by norm', y: bits[1] },
      ],
    },
  };
}

/** An LSTM's gradient reaches back further than a vanilla network's of equal size. */
async function lstmReachesFurther(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const lstm = network('lstm', setting);
  const wanted = parameterTable(lstm).count;
  // the vanilla network with as many parameters, or the least number more
  let width = lstm.hidden;
  while (parameterTable(network('rnn', setting, width)).count < wanted) width++;
  const vanilla = network('rnn', setting, width);
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
    text: `Untrained, with ${wanted.toLocaleString('en')} parameters (${lstm.hidden} units) and ${parameterTable(vanilla).count.toLocaleString('en')} (${width} units): what is left of the gradient, relative to one step back.`,
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
async function openForgetGate(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text, seed } = setting;
  const config = network('lstm', setting);
  const bias = parameterTable(config).parameters.find(({ name }) => name === 'rnn.bias_ih_l0');
  if (bias === undefined) throw new Error('the cell has no bias');
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

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
