/** Claims about gradients that vanish or explode, and about clipping. */
import { clipped, explosions, type GradientClipping } from '../../analyse/explosion.js';
import { gradientFlow } from '../../analyse/gradient-flow.js';
import { scaleWeights } from '../../analyse/recurrent-scale.js';
import { regimeInWords, regimeOf } from '../../analyse/regime.js';
import { normOf, SmallTraining } from '../../analyse/small-training.js';
import { recurrentSpectra } from '../../analyse/spectra.js';
import { withScope } from '../../backend/device.js';
import { parameterTable } from '../../model/parameters.js';
import type { LectureClaim } from '../../pages/data.js';
import { freshWeights, type LectureSetting, network, steps } from './lecture-network.js';

const lags = 60;
const scales = [0.5, 0.9, 1, 1.1, 1.5];

/** Claim: the gradient explodes if the largest singular value is above 1, and vanishes if it is below 1. */
export async function vanishingAndExploding(setting: LectureSetting): Promise<LectureClaim> {
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
    words.push(`With a factor of ${recurrent}, the gradient ${regimeInWords(regimeOf(norms))}.`);
    numbers[`${recurrent}`] = norms[lags - 1] / norms[0];
  }
  const follows = scales.every((s) => Math.abs(numbers[`${s}`] / s ** (lags - 1) - 1) < 0.02);
  return {
    id: 'vanishing-and-exploding',
    title:
      'The gradient explodes if the largest singular value is above 1, and vanishes if it is below 1',
    text: `The recurrent matrix is an orthogonal matrix times a factor, so all its singular values are equal to the factor. Without input, the state stays at 0, where tanh is linear. ${words.join(' ')}`,
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

type ClippingRun = Awaited<ReturnType<typeof explosions>>[number]['steps'];

const leastCosine = (run: ClippingRun) => Math.min(...run.map(({ cosine }) => cosine));

/** The first steps of a training run whose gradients explode */
async function firstSteps(setting: LectureSetting, clipping: GradientClipping) {
  const { config, weights } = explodingNetwork(setting);
  const options = { ...training, steps: 30 };
  const { device, text } = setting;
  const [{ steps }] = await explosions(device, config, weights, text.ids, [clipping], options);
  return steps;
}

/** Claim: clipping by norm scales a gradient that is too large, and keeps its direction. */
export async function clippingKeepsDirection(setting: LectureSetting): Promise<LectureClaim> {
  const run = await firstSteps(setting, { by: 'norm', limit: 1 });
  const before = Math.max(...run.map(({ normBefore }) => normBefore));
  const after = Math.max(...run.map(({ normAfter }) => normAfter));
  const cosine = leastCosine(run);
  return {
    id: 'clipping-keeps-direction',
    title: 'Clipping by norm shortens a gradient that is too large and keeps its direction',
    text: `A network whose recurrent matrix doubles the gradient at each step is trained with gradients clipped at a norm of 1. The largest norm of a gradient is ${before.toPrecision(3)} before clipping and ${after.toPrecision(4)} after it. The cosine of the angle between the gradients before and after clipping is never below ${cosine.toFixed(4)}.`,
    holds: cosine > 0.9999 && after < 1.0001 && before > 2,
    numbers: { cosine, before, after },
    chart: {
      x: steps(run.length),
      xLabel: 'step',
      logarithmic: true,
      lines: [
        { name: 'norm before clipping', y: run.map(({ normBefore }) => normBefore) },
        { name: 'norm after', y: run.map(({ normAfter }) => normAfter) },
      ],
    },
  };
}

const valueLimit = 0.02;

/** Claim: clipping by value limits each element separately, which changes the direction of the gradient. */
export async function clippingByValue(setting: LectureSetting): Promise<LectureClaim> {
  const run = await firstSteps(setting, { by: 'value', limit: valueLimit });
  const { config } = explodingNetwork(setting);
  const bound = valueLimit * Math.sqrt(parameterTable(config).count);
  const after = Math.max(...run.map(({ normAfter }) => normAfter));
  const cosine = leastCosine(run);
  const degrees = (180 * Math.acos(cosine)) / Math.PI;
  return {
    id: 'clipping-by-value',
    title:
      'Clipping by value limits each element separately, and changes the direction of the gradient',
    text: `The same network is trained with each element of the gradient limited to the range from −${valueLimit} to ${valueLimit}. This turns the gradient by up to ${degrees.toFixed(0)}°, because large elements are reduced more than small ones. The norm itself is not limited: it is at most ${after.toPrecision(3)} here, and could be as large as the limit times the square root of the number of parameters, which is ${bound.toPrecision(3)}.`,
    holds: cosine < 0.9 && after <= bound,
    numbers: { cosine, after, bound },
    chart: {
      x: steps(run.length),
      xLabel: 'step',
      lines: [
        {
          name: 'cosine of the angle by which the gradient is turned',
          y: run.map((step) => step.cosine),
        },
      ],
    },
  };
}

/** Claim: the norm is the root of the sum of squares. The lecture's code compares the sum itself with the limit. */
export async function rootOrSquares(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text } = setting;
  const { config, weights } = explodingNetwork(setting);
  const limit = 5;
  const gradient = await withScope(device, async (backend) => {
    const chunks = { seqLength: 16, batchSize: 16 };
    const one = new SmallTraining(backend, config, weights, text.ids, chunks);
    return (await one.gradient()).gradient;
  });
  const norm = normOf(gradient);
  // both rules of clipping are compared on one gradient, which is scaled to each of these norms
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
    title: "The norm is the root of the sum of squares, but the lecture's code omits the root",
    text: `With a limit of ${limit}, code that uses the sum of squares instead of the norm already clips gradients whose norm is above ${Math.sqrt(limit).toFixed(2)}. The larger the norm of such a gradient was before, the smaller it is afterwards. charnn uses the norm itself. For the table, one gradient was scaled to the norms in the first column.`,
    holds: clippedTooEarly > 0 && bySquares[5] < bySquares[2] && Math.abs(byRoot[5] - limit) < 1e-4,
    numbers: { clippedTooEarly, longestBySquares: bySquares[5], longestByRoot: byRoot[5] },
    table: {
      head: ['norm before', 'after, by the norm', 'after, by the sum of squares'],
      rows: norms.map((x, i) => [x.toFixed(1), byRoot[i].toFixed(2), bySquares[i].toFixed(2)]),
    },
  };
}

/** Claim: a training run that explodes without clipping converges with clipping. */
export async function clippingSavesTraining(setting: LectureSetting): Promise<LectureClaim> {
  const { device, text } = setting;
  const { config, weights } = explodingNetwork(setting);
  const clippings = [
    { by: 'nothing', limit: Number.POSITIVE_INFINITY },
    { by: 'norm', limit: 1 },
    { by: 'value', limit: valueLimit },
  ] as const;
  const found = await explosions(device, config, weights, text.ids, clippings, training);
  const bits = found.map(({ steps }) => steps.map(({ loss }) => loss / Math.LN2));
  const end = (list: readonly number[]) => list.slice(-20).reduce((a, b) => a + b, 0) / 20;
  const [free, byNorm, byValue] = bits.map(end);
  const [[begin]] = bits;
  return {
    id: 'clipping-saves-training',
    title: 'A training run that explodes without clipping converges with clipping',
    text: `All three runs start from the same weights, with a loss of ${begin.toFixed(2)} bits per character, and have the same learning rate. At the end, the loss is ${free.toFixed(2)} without clipping, ${byNorm.toFixed(2)} with clipping at a norm of 1, and ${byValue.toFixed(2)} with each value clipped at ${valueLimit}.`,
    holds: byNorm < 0.9 * begin && byValue < 0.9 * begin && free > 1.1 * Math.max(byNorm, byValue),
    numbers: { begin, free, byNorm, byValue },
    chart: {
      x: steps(training.steps),
      xLabel: 'step',
      lines: [
        { name: 'not clipped', y: bits[0] },
        { name: 'clipped by norm', y: bits[1] },
        { name: 'clipped by value', y: bits[2] },
      ],
    },
  };
}
