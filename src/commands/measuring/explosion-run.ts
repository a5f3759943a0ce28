/** `charnn gradients --explode`: shows how clipping changes gradients that explode. */
import {
  type Explosion,
  type ExplosionStep,
  explosions,
  type GradientClipping,
} from '../../analyse/explosion.js';
import type { BackendName } from '../../backend/device.js';
import { openDevice } from '../../backend/open-device.js';
import type { Output } from '../../cli/output.js';
import { lineChart, terminalWidth } from '../../cli/text-chart.js';
import { powerOfTen } from '../../messages/power-of-ten.js';
import { jsonText } from '../../messages/quote.js';
import type { ExplosionData, GradientsData } from '../../pages/data.js';
import { writePage } from '../output/page-file.js';
import { freshSubjects, type SubjectOptions } from './gradient-subjects.js';

/** A vanilla network whose recurrent matrix doubles the gradient at every step */
const network = { cell: 'rnn', layers: 1, hidden: 64, embedding: 0, seed: 1 };
const recurrentScale = [2];

const training = { seqLength: 64, batchSize: 16, steps: 150, learningRate: 1 };

const clippings: readonly GradientClipping[] = [
  { by: 'nothing', limit: Number.POSITIVE_INFINITY },
  { by: 'norm', limit: 1 },
  { by: 'value', limit: 0.02 },
];

export interface ExplodeOptions extends SubjectOptions {
  readonly backend?: BackendName | undefined;
  readonly output?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Trains a network without clipping and with each kind of clipping, and prints or draws the gradient norms before and
 * after clipping, by step.
 */
export async function explode(
  texts: readonly string[],
  options: ExplodeOptions,
  output: Output,
): Promise<void> {
  const given = { recurrentScale, ...options };
  const [{ config, weights, ids }] = await freshSubjects(texts, given, network, output);
  const device = await openDevice(options.backend);
  const found = await explosions(device, config, weights, ids, clippings, training);
  device.close();
  if (options.output !== undefined) {
    const data: GradientsData = { subjects: [], explosions: found.map(pageExplosion) };
    const title = 'Gradients that explode, and clipping';
    await writePage(options.output, 'gradients', { title, data }, output);
  }
  if (options.json) process.stdout.write(`${jsonText(found)}\n`);
  else if (options.output === undefined) process.stdout.write(`${described(found).join('\n')}\n`);
}

export function pageExplosion({ clipping, steps }: Explosion): ExplosionData {
  const of = (key: keyof ExplosionStep) => steps.map((step) => step[key]);
  return {
    name: nameOf(clipping),
    limit: Number.isFinite(clipping.limit) ? clipping.limit : null,
    bits: of('loss').map((nats) => nats / Math.LN2),
    before: of('normBefore'),
    after: of('normAfter'),
    cosine: of('cosine'),
  };
}

function nameOf({ by, limit }: GradientClipping): string {
  return by === 'nothing' ? 'not clipped' : `by ${by}, at ${limit}`;
}

function described(found: readonly Explosion[]): string[] {
  const chart = lineChart(
    found.map(({ clipping, steps }) => ({
      name: nameOf(clipping),
      points: steps.map(({ normBefore }, step) => [step + 1, normBefore] as const),
    })),
    {
      width: terminalWidth(),
      height: 14,
      logarithmic: true,
      xLabel: 'step',
      formatY: powerOfTen,
    },
  );
  return [
    'Norm of the gradient before clipping, by step',
    '',
    ...chart,
    '',
    `${''.padEnd(18)}largest norm   after   turned by   first loss   last loss`,
    ...found.map(rowOf),
    '',
    '  losses in bits per character; turned by: the largest angle between the gradient and the clipped one',
  ];
}

function rowOf({ clipping, steps }: Explosion): string {
  const most = (key: 'normBefore' | 'normAfter') => Math.max(...steps.map((step) => step[key]));
  const angle = Math.acos(Math.min(1, Math.min(...steps.map(({ cosine }) => cosine))));
  const loss = (step: ExplosionStep | undefined) =>
    step === undefined ? '–' : (step.loss / Math.LN2).toFixed(3);
  const cells = [
    [most('normBefore').toPrecision(3), 12],
    [most('normAfter').toPrecision(3), 8],
    [`${((180 * angle) / Math.PI).toFixed(0)}°`, 12],
    [loss(steps[0]), 13],
    [loss(steps.at(-1)), 12],
  ] as const;
  return `  ${nameOf(clipping).padEnd(16)}${cells.map(([text, width]) => text.padStart(width)).join('')}`;
}
