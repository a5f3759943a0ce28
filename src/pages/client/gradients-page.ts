/** The page of `charnn gradients`. */
import { powerOfTen } from '../../messages/power-of-ten.js';
import type { ExplosionData, GradientsData, GradientsSubject } from '../data.js';
import { byId, el, pageData, table } from './dom.js';
import { chart, type Guide } from './line-chart.js';

const { subjects, explosions = [], provenance } = pageData<GradientsData>();
const several = subjects.length > 1;
const lags = (subjects[0]?.flows[0].mean ?? []).map((_, i) => i + 1);

/**
 * The curves of the gradient norm by lag: for several networks, one for the whole state of each; for a single network,
 * one for each state of each of its layers
 */
const flows = subjects.flatMap(({ name, flows: [whole, ...states] }) =>
  several ? [{ ...whole, name }] : states,
);

const chunkEdges = [...new Set(subjects.map(({ seqLength }) => seqLength))].map(
  (at): Guide => ({ axis: 'x', at, name: 'edge of a chunk' }),
);

byId('page').append(
  ...(subjects.length > 0 ? flowParts() : []),
  ...(explosions.length > 0 ? explosionParts() : []),
);

function flowParts(): HTMLElement[] {
  return [
    el('h1', {}, 'How far back the gradient reaches'),
    ...(provenance === undefined ? [] : [el('p', { class: 'faint' }, provenance)]),
    el(
      'p',
      { class: 'faint' },
      `These curves show the norm of the gradient of a prediction's loss with respect to the state a number of steps earlier: the mean over ${subjects[0].positions} positions of the text, and the range from the 10th to the 90th percentile. A straight line on this logarithmic scale is exponential decay, or growth.`,
    ),
    chart({
      label: 'norm of the gradient by steps back, logarithmic',
      x: lags,
      xLabel: 'steps back',
      logarithmic: true,
      guides: chunkEdges,
      format: powerOfTen,
      lines: flows.map(({ name, mean, p10, p90 }) => ({ name, y: mean, band: [p10, p90] })),
    }),
    el(
      'ul',
      {},
      ...subjects.map(({ name, regime }) => el('li', {}, `${name}: the gradient ${regime}.`)),
    ),
    el('h2', {}, 'What truncation cuts off'),
    el(
      'p',
      { class: 'faint' },
      'Training back-propagates within chunks. The share of these norms that lies beyond the edge of a chunk is cut off; it is a mean over all positions that a prediction may have in the chunk.',
    ),
    normTable(),
    ...subjects.flatMap(truncation),
    el('h2', {}, 'Singular values of the recurrent matrices'),
    el(
      'p',
      { class: 'faint' },
      'One step multiplies the gradient by such a matrix: a value above 1 stretches it in that direction, below 1 shrinks it; activations and gates shrink it further. The spectral radius shows the effect of many steps.',
    ),
    spectrumTable(),
    ...subjects.flatMap(spectrumChart),
    ...clipping(),
  ];
}

function explosionParts(): HTMLElement[] {
  const x = Array.from(
    { length: Math.max(...explosions.map(({ bits }) => bits.length)) },
    (_, i) => i + 1,
  );
  const steps = (values: readonly number[]) => x.map((_, i) => values[i] ?? null);
  const limits = explosions.flatMap(({ name, limit }): Guide[] =>
    limit !== null && name.startsWith('by norm')
      ? [{ axis: 'y', at: limit, name: 'limit of the norm' }]
      : [],
  );
  const turned = ({ name, cosine }: ExplosionData) => {
    const angle = (180 / Math.PI) * Math.acos(Math.min(1, Math.min(...cosine)));
    return [name, `${angle.toFixed(0)}°`];
  };
  return [
    el('h1', {}, 'Gradients that explode, and clipping'),
    el(
      'p',
      { class: 'faint' },
      'A vanilla network whose recurrent matrix doubles every direction at each step is trained by plain gradient descent, three times from the same weights.',
    ),
    el('h2', {}, 'Norm of the gradient, before and after clipping'),
    chart({
      label: 'norm of the gradient by step, logarithmic',
      x,
      xLabel: 'step',
      logarithmic: true,
      guides: limits,
      format: (y) => powerOfTen(y, 1),
      lines: explosions.flatMap(({ name, before, after }, colour) => [
        { name: `${name}: before`, y: steps(before), colour, dashed: true },
        ...(name.startsWith('by') ? [{ name: 'after', y: steps(after), colour }] : []),
      ]),
    }),
    el('h2', {}, 'Loss in bits per character'),
    chart({
      label: 'loss by step',
      x,
      xLabel: 'step',
      format: (y) => y.toFixed(2),
      lines: explosions.map(({ name, bits }) => ({ name, y: steps(bits) })),
    }),
    el('h2', {}, 'By how much clipping turns the gradient'),
    el(
      'p',
      { class: 'faint' },
      'Clipping by norm makes the whole gradient shorter and keeps its direction. Clipping by value limits each of its elements separately, which changes the direction.',
    ),
    table(['', 'largest angle'], explosions.map(turned)),
  ];
}

function truncation({ name, truncated }: GradientsSubject): HTMLElement[] {
  if (truncated.length === 0) return [];
  return [
    el(
      'h3',
      {},
      several
        ? `${name}: memory and gradient by chunk length`
        : 'Memory and gradient by chunk length',
    ),
    table(
      ['steps of a chunk', 'memory of activations', 'norm', 'off by', 'cosine'],
      truncated.map(({ seqLength, activationBytes, norm, error, cosine }) => [
        seqLength.toLocaleString('en'),
        `${(activationBytes / 1e6).toFixed(2)} MB`,
        norm.toPrecision(3),
        percent(error),
        cosine.toFixed(4),
      ]),
    ),
  ];
}

function normTable(): HTMLElement {
  const shown = [1, 10, 30, 100, 300, 1000].filter((lag) => lag <= lags.length);
  const rows = subjects.flatMap(({ name, flows }) =>
    flows.map((flow) => [
      several ? `${name}: ${flow.name}` : flow.name,
      ...shown.map((lag) => powerOfTen(flow.mean[lag - 1], 1)),
      percent(flow.cutOff),
    ]),
  );
  const lengths = [...new Set(subjects.map(({ seqLength }) => seqLength))].join(', ');
  const heads = shown.map((lag) => `lag ${lag}`);
  return table(['', ...heads, `cut off at ${lengths}`], rows);
}

function spectrumChart({ name, spectra }: GradientsSubject): HTMLElement[] {
  const maxCount = Math.max(...spectra.map(({ singularValues }) => singularValues.length));
  const drawn = chart({
    label: `singular values of ${name}, largest first`,
    x: Array.from({ length: maxCount }, (_, i) => i + 1),
    xLabel: 'rank',
    guides: [{ axis: 'y', at: 1, name: 'σ = 1' }],
    format: (y) => y.toFixed(2),
    lines: spectra.map(({ name, singularValues }) => ({ name, y: singularValues })),
  });
  return several ? [el('h3', {}, name), drawn] : [drawn];
}

function spectrumTable(): HTMLElement {
  const rows = subjects.flatMap((subject) =>
    subject.spectra.map(({ name, singularValues, spectralRadius }) => [
      several ? `${subject.name}: ${name}` : name,
      singularValues[0].toFixed(4),
      singularValues[singularValues.length - 1].toFixed(4),
      spectralRadius.toFixed(4),
    ]),
  );
  return table(['', 'largest', 'smallest', 'spectral radius'], rows);
}

function clipping(): HTMLElement[] {
  const told = subjects.filter(
    (subject): subject is GradientsSubject & { clipping: string } => subject.clipping !== undefined,
  );
  if (told.length === 0) return [];
  return [
    el('h2', {}, 'Clipping in training'),
    ...told.map(({ name, clipping }) => el('p', {}, several ? `${name}: ${clipping}` : clipping)),
  ];
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
