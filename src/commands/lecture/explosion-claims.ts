/** Claims on gradients that vanish or explode, and on clipping. */
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

/** A largest singular value above 1 explodes, below 1 vanishes. */
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

type ClippingRun = Awaited<ReturnType<typeof explosions>>[number]['steps'];

const leastCosine = (run: ClippingRun) => Math.min(...run.map(({ cosine }) => cosine));

/** The first steps of a training whose gradients explode */
async function firstSteps(setting: LectureSetting, clipping: GradientClipping) {
  const { config, weights } = explodingNetwork(setting);
  const options = { ...training, steps: 30 };
  const { device, text } = setting;
  const [{ steps }] = await explosions(device, config, weights, text.ids, [clipping], options);
  return steps;
}

/** Clipping by norm scales a gradient that is too large, and keeps its direction. */
export async function clippingKeepsDirection(setting: LectureSetting): Promise<LectureClaim> {
  const run = await firstSteps(setting, { by: 'norm', limit: 1 });
  const before = Math.max(...run.map(({ normBefore }) => normBefore));
  const after = Math.max(...run.map(({ normAfter }) => normAfter));
  const cosine = leastCosine(run);
  return {
    id: 'clipping-keeps-direction',
    title: 'Clipping by norm shortens a gradient that is too large and keeps its direction',
    text: `A network whose recurrent matrix doubles the gradient at each step is trained with gradients clipped at a norm of 1. The longest gradient is ${before.toPrecision(3)} before and ${after.toPrecision(4)} after; the cosine of the angle between the two is never below ${cosine.toFixed(4)}.`,
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

/** Clipping by value limits each element by itself, which turns the gradient. */
export async function clippingByValue(setting: LectureSetting): Promise<LectureClaim> {
  const run = await firstSteps(setting, { by: 'value', limit: valueLimit });
  const { config } = explodingNetwork(setting);
  const bound = valueLimit * Math.sqrt(parameterTable(config).count);
  const after = Math.max(...run.map(({ normAfter }) => normAfter));
  const cosine = leastCosine(run);
  const degrees = (180 * Math.acos(cosine)) / Math.PI;
  return {
    id: 'clipping-by-value',
    title: 'Clipping by value limits each element by itself, and turns the gradient',
    text: `The same network, with each element of the gradient limited to between −${valueLimit} and ${valueLimit}. The gradient is turned by up to ${degrees.toFixed(0)}°, because large elements lose more than small ones. Its norm is not limited as such: it is ${after.toPrecision(3)} at most, and could be as much as the limit times the root of the number of parameters, ${bound.toPrecision(3)}.`,
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

/** The lecture's code compares the sum of squares with the limit, charnn its root. */
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
    title: 'A training that explodes without clipping converges with it',
    text: `From the same weights, with the same learning rate, the loss at the end is ${free.toFixed(2)} bits per character without clipping, ${byNorm.toFixed(2)} with clipping at a norm of 1, and ${byValue.toFixed(2)} with each value clipped at ${valueLimit}. All began at ${begin.toFixed(2)}.`,
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
