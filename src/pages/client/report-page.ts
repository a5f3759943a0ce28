/** The page of `charnn report`. */
import { powerOfTen } from '../../messages/power-of-ten.js';
import type { ReportData, RunData, Series } from '../data.js';
import { byId, el, pageData, table } from './dom.js';
import { chart, type Line } from './line-chart.js';

const { runs, provenance } = pageData<ReportData>();
const several = runs.length > 1;

/** Series on a common axis of steps; each has a value only where it was measured. */
function aligned(allSeries: readonly (Omit<Line, 'y'> & { readonly series: Series })[]) {
  const x = [...new Set(allSeries.flatMap(({ series }) => series.steps))].sort((a, b) => a - b);
  const indexOf = new Map(x.map((step, i) => [step, i]));
  const lines = allSeries.map(({ series, ...line }): Line => {
    const y = new Array<number | null>(x.length).fill(null);
    series.steps.forEach((step, i) => {
      y[indexOf.get(step) ?? 0] = series.values[i];
    });
    return { ...line, y };
  });
  return { x, lines };
}

/** A chart of one quantity for all runs that have it; nothing if none has. */
function quantity(
  title: string,
  seriesOf: (run: RunData) => Series,
  format: (y: number) => string,
): HTMLElement[] {
  const allSeries = runs
    .map((run, colour) => ({ name: run.name, series: seriesOf(run), colour }))
    .filter(({ series }) => series.steps.length > 0);
  if (allSeries.length === 0) return [];
  return [
    el('h2', {}, title),
    chart({
      label: `${title.toLowerCase()} by step`,
      xLabel: 'step',
      format,
      ...aligned(allSeries),
    }),
  ];
}

function lossChart(): HTMLElement {
  const allSeries = runs.flatMap(({ name, training, validation }, colour) => [
    { name: several ? `${name}, training` : 'training', series: training, colour, dashed: true },
    { name: several ? `${name}, validation` : 'validation', series: validation, colour },
  ]);
  return chart({
    label: 'loss in bits per character by step',
    xLabel: 'step',
    format: (y) => y.toFixed(3),
    ...aligned(allSeries.filter(({ series }) => series.steps.length > 0)),
  });
}

/** Mean, largest and single gradient norms; means alone would hide the large norms that clipping is for. */
function gradientNorms(): HTMLElement[] {
  const named = (run: RunData, what: string) => (several ? `${run.name}, ${what}` : what);
  const allSeries = runs.flatMap((run, colour) => [
    { name: named(run, 'mean'), series: run.gradientNorm, colour },
    { name: named(run, 'largest'), series: run.maxGradientNorm, colour, dashed: true },
    { name: named(run, 'single steps'), series: run.lastGradientNorm, colour, dotted: true },
  ]);
  const drawn = allSeries.filter(({ series }) => series.steps.length > 0);
  if (drawn.length === 0) return [];
  const limits = new Map(
    runs.flatMap(({ name, clipNorm }) => (clipNorm === undefined ? [] : [[clipNorm, name]])),
  );
  return [
    el('h2', {}, 'Gradient norm before clipping'),
    chart({
      label: 'gradient norm before clipping by step, logarithmic',
      xLabel: 'step',
      logarithmic: true,
      format: (y) => (y >= 0.01 && y < 1000 ? `${Number(y.toPrecision(2))}` : powerOfTen(y, 1)),
      guides: [...limits].map(([at, name]) => ({
        axis: 'y',
        at,
        name: several && limits.size > 1 ? `clipped at ${at}: ${name}` : `clipped at ${at}`,
      })),
      ...aligned(drawn),
    }),
  ];
}

function summary(): HTMLElement {
  const rows = runs.map(({ name, model, training, validation, clipped, speed }) => {
    const best = Math.min(...validation.values);
    const at = validation.steps[validation.values.indexOf(best)];
    const mean = ({ values }: Series) => values.reduce((sum, x) => sum + x, 0) / values.length;
    return [
      name,
      model ?? '–',
      Math.max(0, ...training.steps, ...validation.steps).toLocaleString('en'),
      validation.values.length > 0 ? best.toFixed(4) : '–',
      at?.toLocaleString('en') ?? '–',
      clipped.values.length > 0 ? `${(100 * mean(clipped)).toFixed(1)} %` : '–',
      speed.values.length > 0 ? `${thousands(mean(speed))}` : '–',
    ];
  });
  return table(
    ['', 'network', 'steps', 'best bits/char', 'at step', 'clipped', 'characters/s'],
    rows,
  );
}

function thousands(x: number): string {
  return x >= 1000 ? `${(x / 1000).toFixed(1)}k` : x.toFixed(0);
}

/** The samples of a run, with a slider from the first to the last. */
function samples({ name, samples }: RunData): HTMLElement[] {
  if (samples.length === 0) return [];
  const last = samples.length - 1;
  const slider = el('input', { type: 'range', min: '0', max: `${last}`, value: `${last}` });
  const step = el('output');
  const text = el('pre');
  const show = () => {
    const sample = samples[Number(slider.value)];
    step.textContent = `step ${sample.step.toLocaleString('en')}`;
    text.textContent = sample.text;
  };
  slider.addEventListener('input', show);
  show();
  const title = several ? `Samples of ${name}` : 'Samples';
  slider.setAttribute('aria-label', title);
  return [el('h2', {}, title), el('div', { class: 'slider' }, slider, step), text];
}

byId('page').append(
  el('h1', {}, several ? 'Trainings' : `Training of ${runs[0].name}`),
  el('p', { class: 'faint' }, provenance),
  summary(),
  el('h2', {}, 'Bits per character'),
  lossChart(),
  ...quantity(
    'Learning rate',
    ({ learningRate }) => learningRate,
    (y) => y.toPrecision(2),
  ),
  ...gradientNorms(),
  ...quantity(
    'Steps in which clipping acted',
    ({ clipped }) => clipped,
    (y) => `${Number((100 * y).toFixed(1))} %`,
  ),
  ...quantity('Characters per second', ({ speed }) => speed, thousands),
  ...runs.flatMap(samples),
);
