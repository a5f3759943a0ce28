/** The page of `charnn gradients`. */
import type { GradientsData, GradientsSubject } from '../data.js';
import { byId, el, pageData, table } from './dom.js';
import { chart } from './line-chart.js';

const { subjects } = pageData<GradientsData>();
const several = subjects.length > 1;

const lags = subjects[0].flows[0].mean.map((_, i) => i + 1);
const shortExponent = (y: number) => y.toExponential(0);

/** Several networks are each shown as a whole; a single network is shown state by state. */
const flows = subjects.flatMap(({ name, flows: [whole, ...states] }) =>
  several ? [{ ...whole, name }] : states,
);

byId('page').append(
  el('h1', {}, 'How far back the gradient reaches'),
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
    format: shortExponent,
    lines: flows.map(({ name, mean, p10, p90 }) => ({ name, y: mean, band: [p10, p90] })),
  }),
  el('h2', {}, 'What truncation cuts off'),
  el(
    'p',
    { class: 'faint' },
    'Training back-propagates within chunks. The share of these norms that lies beyond the edge of a chunk is cut off; it is a mean over all positions that a prediction may have in the chunk.',
  ),
  normTable(),
  el('h2', {}, 'Singular values of the recurrent matrices'),
  el(
    'p',
    { class: 'faint' },
    'One step multiplies the gradient by such a matrix: a value above 1 stretches it in that direction, below 1 shrinks it; activations and gates shrink it further. The spectral radius says what many steps do.',
  ),
  spectrumTable(),
  ...subjects.flatMap(spectrumChart),
  ...clipping(),
);

function normTable(): HTMLElement {
  const shown = [1, 10, 30, 100, 300, 1000].filter((lag) => lag <= lags.length);
  const rows = subjects.flatMap(({ name, flows }) =>
    flows.map((flow) => [
      several ? `${name}: ${flow.name}` : flow.name,
      ...shown.map((lag) => flow.mean[lag - 1].toExponential(1)),
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
