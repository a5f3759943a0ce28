/** The results of `charnn gradients`: as JSON, as a page's data, and as text. */
import chalk from 'chalk';
import { cutOff, type GradientFlow, type LagStatistics } from '../../analyse/gradient-flow.js';
import { regimeInWords, regimeOf } from '../../analyse/regime.js';
import type { RecurrentSpectrum } from '../../analyse/spectra.js';
import type { TruncatedGradient } from '../../analyse/truncation.js';
import { grouped } from '../../cli/output.js';
import { lineChart, terminalWidth } from '../../cli/text-chart.js';
import { powerOfTen } from '../../messages/power-of-ten.js';
import type { ModelConfig } from '../../model/model-config.js';
import type { GradientsSubject } from '../../pages/data.js';
import type { Ids } from '../../text/unit.js';

/** A network whose gradients are measured */
export interface Subject {
  readonly name: string;
  readonly config: ModelConfig;
  readonly weights: Float32Array;
  /** The text, encoded in the vocabulary of the network */
  readonly ids: Ids;
  /** T: the length of the chunks with which the network was trained */
  readonly seqLength: number;
  readonly clipping: Clipping | undefined;
}

/** The share of steps whose gradients were clipped, and the gradient norms of all steps, from the model's history */
export interface Clipping {
  /** Whether the norm or each value is clipped, and the threshold */
  readonly by: string;
  readonly limit: number;
  /** The fraction of the steps whose gradient was clipped */
  readonly fraction: number;
  /**
   * Mean gradient norm before clipping: over the whole training run, and between the two validations where it was
   * largest
   */
  readonly meanNorm: number;
  readonly maxMeanNorm: number;
}

export interface Finding extends Subject {
  /** Gradients of truncated back-propagation by chunk length; empty unless several lengths were given */
  readonly truncated: readonly TruncatedGradient[];
  readonly flow: GradientFlow;
  readonly spectra: readonly RecurrentSpectrum[];
}

export function asJson(finding: Finding) {
  const { name, config, seqLength, clipping, flow, spectra, truncated } = finding;
  return {
    name,
    model: config,
    seqLength,
    positions: flow.positions,
    cutOff: cutOff(flow.whole, seqLength),
    regime: regimeOf(flow.whole.map(({ mean }) => mean)),
    byLag: flow.whole,
    ...(truncated.length > 0 && { truncated }),
    states: flow.states.map((state) => ({
      layer: state.layer,
      state: state.state,
      cutOff: cutOff(state.byLag, seqLength),
      byLag: state.byLag,
    })),
    spectra: spectra.map(({ layer, gate, singularValues: values, spectralRadius }) => ({
      layer,
      gate,
      largest: values[0],
      smallest: values[values.length - 1],
      spectralRadius,
      singularValues: Array.from(values),
    })),
    ...(clipping && {
      clipping: {
        by: clipping.by,
        limit: clipping.limit,
        shareOfSteps: clipping.fraction,
        meanNorm: clipping.meanNorm,
        largestMeanNorm: clipping.maxMeanNorm,
      },
    }),
  };
}

export function pageSubject({
  name,
  seqLength,
  clipping,
  flow,
  spectra,
  truncated,
}: Finding): GradientsSubject {
  const flowData = (name: string, byLag: readonly LagStatistics[]) => ({
    name,
    cutOff: cutOff(byLag, seqLength),
    mean: byLag.map(({ mean }) => mean),
    p10: byLag.map(({ p10 }) => p10),
    p90: byLag.map(({ p90 }) => p90),
  });
  return {
    name,
    seqLength,
    positions: flow.positions,
    regime: regimeInWords(regimeOf(flow.whole.map(({ mean }) => mean))),
    truncated,
    flows: [
      flowData('whole state', flow.whole),
      ...flow.states.map(({ layer, state, byLag }) =>
        flowData(`${state} of layer ${layer}`, byLag),
      ),
    ],
    spectra: spectra.map(({ layer, gate, singularValues: values, spectralRadius }) => ({
      name: `layer ${layer}, ${gate}`,
      singularValues: Array.from(values),
      spectralRadius,
    })),
    clipping: clipping && inWords(clipping),
  };
}

// --- the text output ---

const chartHeight = 16;

export function description(findings: readonly Finding[]): string {
  const sections = [
    flowSection(findings),
    regimeSection(findings),
    normSection(findings),
    ...findings.map(truncationSection).filter((lines) => lines.length > 0),
    spectrumSection(findings),
  ];
  for (const { clipping } of findings) {
    if (clipping) sections.push([chalk.bold('Clipping in training'), `  ${inWords(clipping)}`]);
  }
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/**
 * Shows how gradients change backwards in time: several networks are compared by the gradients of their whole states;
 * of a single network, each state is shown.
 */
function flowSection(findings: readonly Finding[]): string[] {
  const points = (byLag: readonly LagStatistics[]) =>
    byLag.map(({ lag, mean }) => [lag, mean] as const);
  const [{ flow }] = findings;
  const series =
    findings.length > 1
      ? findings.map(({ name, flow }) => ({ name, points: points(flow.whole) }))
      : flow.states.map(({ layer, state, byLag }) => ({
          name: `${state} of layer ${layer}`,
          points: points(byLag),
        }));
  return [
    chalk.bold('Gradient of the loss with respect to earlier states'),
    `  mean norm, over ${grouped(flow.positions)} positions of the text`,
    '',
    ...lineChart(series, {
      width: terminalWidth(),
      height: chartHeight,
      logarithmic: true,
      xLabel: 'steps back',
      formatY: powerOfTen,
    }),
  ];
}

function regimeSection(findings: readonly Finding[]): string[] {
  return findings.map(({ name, flow }) => {
    const regime = regimeInWords(regimeOf(flow.whole.map(({ mean }) => mean)));
    return `  ${name}: the gradient ${regime}`;
  });
}

function truncationSection({ name, truncated }: Finding): string[] {
  if (truncated.length === 0) return [];
  return [
    chalk.bold(
      `Truncated back-propagation of ${name}, compared with the gradient that is not truncated`,
    ),
    ...truncated.map(({ seqLength, activationBytes, norm, error, cosine }) => {
      const memory = `${(activationBytes / 1e6).toFixed(2)} MB`;
      return `  ${grouped(seqLength).padStart(7)} steps ${memory.padStart(12)}   norm ${norm.toPrecision(3)}, off by ${percent(error)}, cosine ${cosine.toFixed(4)}`;
    }),
  ];
}

function normSection(findings: readonly Finding[]): string[] {
  const labelWidth = Math.max(24, ...findings.map(({ name }) => name.length + 16));
  const lags = [1, 10, 30, 100, 300, 1000].filter((lag) => lag <= findings[0].flow.whole.length);
  const row = (label: string, show: (lag: number) => string, last: string) =>
    `${`  ${label}`.padEnd(labelWidth)}${lags.map((lag) => ` ${show(lag)}`.padStart(13)).join('')}${` ${last}`.padStart(10)}`.trimEnd();
  const lines = [chalk.bold(row('', String, 'cut off').replace(/^ {11}/, 'Norm at lag'))];
  // two superscript powers of ten, as in a range, would be too wide for a column
  const short = (x: number) => x.toExponential(0).replace('e+', 'e');
  for (const { name, seqLength, flow } of findings) {
    const part = (label: string, byLag: readonly LagStatistics[]) =>
      row(label, (lag) => powerOfTen(byLag[lag - 1].mean, 1), percent(cutOff(byLag, seqLength)));
    const spread = (lag: number) => {
      const { p10, p90 } = flow.whole[lag - 1];
      return `${short(p10)}–${short(p90)}`;
    };
    lines.push(part(`${name}, whole state`, flow.whole));
    lines.push(chalk.dim(row('  10th–90th percentile', spread, '')));
    for (const { layer, state, byLag } of flow.states) {
      lines.push(part(`  ${state} of layer ${layer}`, byLag));
    }
  }
  const lengths = [...new Set(findings.map(({ seqLength }) => seqLength))].join(', ');
  lines.push(
    chalk.dim(
      `  cut off: the share of the norms that is beyond the edge of a chunk of ${lengths} steps`,
    ),
  );
  return lines;
}

function spectrumSection(findings: readonly Finding[]): string[] {
  const lines = [
    chalk.bold('Recurrent matrices      largest  smallest  singular value, spectral radius'),
  ];
  for (const { name, spectra } of findings) {
    for (const { layer, gate, singularValues: values, spectralRadius } of spectra) {
      const label = `  ${name} ${layer} ${gate} `.padEnd(22);
      const numbers = [values[0], values[values.length - 1], spectralRadius];
      const [max, min, radius] = numbers.map((x) => x.toFixed(4));
      lines.push(`${label}${max.padStart(9)}${min.padStart(10)}${radius.padStart(33)}`);
    }
  }
  return lines;
}

function inWords({ by, limit, fraction, meanNorm, maxMeanNorm }: Clipping): string {
  const norms = `the gradient's norm was ${meanNorm.toPrecision(3)} on average, and its mean between two validations was at most ${maxMeanNorm.toPrecision(3)}`;
  if (by !== 'norm') return `by ${by}; ${norms}`;
  return `at norm ${limit}, in ${percent(fraction)} of the steps; ${norms}`;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(fraction < 0.1 ? 1 : 0)} %`;
}
