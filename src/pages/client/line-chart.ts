/** Line charts by uPlot: as wide as there is room, in the page's colours, with a legend of buttons. */
import uPlot from 'uplot';
import { cssColour, el } from './dom.js';

export interface Line {
  readonly name: string;
  readonly y: readonly (number | null)[];
  /** The lower and upper edge of a band around the line */
  readonly band?: readonly [low: readonly (number | null)[], high: readonly (number | null)[]];
  /** Index of the line's colour; by default the index of the line */
  readonly colour?: number;
  readonly dashed?: boolean;
  /** Whether points are drawn instead of a line */
  readonly dotted?: boolean;
}

/** A line across the chart at one value, with its name */
export interface Guide {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly name: string;
}

export interface ChartSpecification {
  readonly label: string;
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly lines: readonly Line[];
  readonly logarithmic?: boolean;
  readonly guides?: readonly Guide[];
  format(y: number): string;
  formatX?(x: number): string;
}

const colours = 8;
/** If a chart shows more lines than this, no bands are drawn around them. */
const maxBands = 4;
/** Lines whose colour has occurred before are dashed. */
const isDashed = ({ dashed, colour }: Line, i: number) =>
  dashed ?? (colour === undefined && i % (2 * colours) >= colours);

/** A chart with its legend, and below it a line of text with the values at the pointer. */
export function chart(specification: ChartSpecification): HTMLElement {
  const { lines, label } = specification;
  const place = el('div', {
    class: 'chart',
    tabIndex: 0,
    role: 'application',
    'aria-label': `chart: ${label}; arrow keys move along it`,
  });
  const readout = el('div', { class: 'readout faint', 'aria-live': 'polite' });
  const shown = lines.map(() => true);
  const colourOf = (line: Line, i: number) => `--series-${(line.colour ?? i) % colours}`;
  const buttons = lines.map((line, i) => {
    const swatch = el('span', {
      class: line.dotted ? 'swatch points' : isDashed(line, i) ? 'swatch dashed' : 'swatch',
      style: `color: var(${colourOf(line, i)})`,
    });
    const button = el('button', { type: 'button', 'aria-pressed': 'true' }, swatch, line.name);
    button.addEventListener('click', () => {
      shown[i] = !shown[i];
      button.setAttribute('aria-pressed', `${shown[i]}`);
      draw();
    });
    return button;
  });
  const legend = el('div', { class: 'legend' }, ...(lines.length > 1 ? buttons : []));

  let plot: uPlot | undefined;
  const draw = () => {
    const width = place.clientWidth;
    if (width === 0) return;
    plot?.destroy();
    const visible = lines.map((line, i) => ({ line, i })).filter(({ i }) => shown[i]);
    plot = new uPlot(
      options(specification, visible, colourOf, width, readout),
      dataOf(specification, visible),
      place,
    );
  };
  place.addEventListener('keydown', (event) => {
    if (plot === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const last = specification.x.length - 1;
    const at = plot.cursor.idx;
    // an arrow key moves the pointer of the chart by a hundredth of its width, or with shift to the next point
    const stride = event.shiftKey ? 1 : Math.max(1, Math.round(last / 100));
    const targets: Record<string, number> = {
      ArrowLeft: at == null ? last : at - stride,
      ArrowRight: at == null ? 0 : at + stride,
      Home: 0,
      End: last,
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    const target = Math.max(0, Math.min(last, targets[event.key]));
    plot.setCursor({ left: plot.valToPos(specification.x[target], 'x'), top: 0 });
  });
  new ResizeObserver(() => {
    if (plot?.width !== place.clientWidth) draw();
  }).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  return el('div', {}, place, readout, legend);
}

interface Visible {
  readonly line: Line;
  readonly i: number;
}

/** The arrays for uPlot: x, then each line and the edges of its band */
function dataOf({ x, logarithmic }: ChartSpecification, visible: readonly Visible[]) {
  // uPlot's own logarithmic scale fails on ranges of 1e-30 and less
  const drawable = (values: readonly (number | null)[]) =>
    logarithmic
      ? values.map((y) => (y !== null && y > 0 && y < Infinity ? Math.log10(y) : null))
      : [...values];
  return [
    [...x],
    ...visible.flatMap(({ line }) =>
      [line.y, ...(visible.length > maxBands ? [] : (line.band ?? []))].map(drawable),
    ),
  ] as uPlot.AlignedData;
}

function options(
  { x, xLabel, logarithmic, guides = [], format, formatX = String }: ChartSpecification,
  visible: readonly Visible[],
  colourOf: (line: Line, i: number) => string,
  width: number,
  readout: HTMLElement,
): uPlot.Options {
  const [ink, rule] = [cssColour('--faint'), cssColour('--rule')];
  const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } };
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { line, i } of visible) {
    const stroke = cssColour(colourOf(line, i));
    const isDotted = line.dotted === true;
    const points = { show: isDotted || line.y.filter((y) => y !== null).length === 1 };
    series.push({
      stroke,
      width: isDotted ? 0 : 2,
      points,
      spanGaps: true,
      ...(isDashed(line, i) && { dash: [6, 4] }),
    });
    // many bands on top of each other could not be distinguished
    if (!line.band || visible.length > maxBands) continue;
    const at = series.length;
    series.push({ points: { show: false } }, { points: { show: false } });
    bands.push({ series: [at + 1, at], fill: `${stroke}${visible.length > 2 ? '1a' : '2b'}` });
  }
  return {
    width,
    height: Math.round(Math.max(220, Math.min(380, width * 0.5))),
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false } },
    scales: {
      x: { time: false },
      y: {
        range: (_, low, high) => {
          const limits = guides
            .filter(({ axis }) => axis === 'y')
            .map(({ at }) => (logarithmic ? Math.log10(at) : at));
          const [from, to] = [Math.min(low, ...limits), Math.max(high, ...limits)];
          // uPlot would give a series of zeros a range up to 100
          return from === 0 && to === 0 ? [0, 1] : uPlot.rangeNum(from, to, 0.1, true);
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 34,
        label: xLabel,
        labelSize: 18,
        labelGap: 0,
        values: (_, ticks) => ticks.map((v) => formatX(v)),
      },
      {
        ...axis,
        size: 64,
        ...(logarithmic && { incrs: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 50, 100] }),
        values: (_, ticks) => ticks.map((y) => format(logarithmic ? 10 ** y : y)),
      },
    ],
    series,
    bands,
    hooks: {
      draw: [
        (self) => {
          for (const guide of guides) drawGuide(self, guide, logarithmic === true, ink);
        },
      ],
      setCursor: [
        (self) => {
          const at = self.cursor.idx;
          if (at == null) {
            readout.textContent = '';
            return;
          }
          const values = visible.map(({ line }) => {
            const nearest = nearestPoint(line.y, at);
            const shown = nearest === undefined ? '–' : format(line.y[nearest] as number);
            // a line without a point at this place shows its nearest point, and the place of that point
            const where =
              nearest === undefined || nearest === at ? '' : ` (${formatX(x[nearest])})`;
            return `${line.name} ${shown}${where}`;
          });
          readout.textContent = `${xLabel} ${formatX(x[at])}: ${values.join(' · ')}`;
        },
      ],
    },
  };
}

/** Of the indices at which a line of the chart has a point, the one nearest to index `at` */
function nearestPoint(y: readonly (number | null)[], at: number): number | undefined {
  for (let away = 0; away < y.length; away++) {
    for (const i of [at - away, at + away]) if (y[i] != null) return i;
  }
  return undefined;
}

function drawGuide(plot: uPlot, { axis, at, name }: Guide, logarithmic: boolean, ink: string) {
  const { ctx, bbox } = plot;
  const value = axis === 'y' && logarithmic ? Math.log10(at) : at;
  const place = Math.round(plot.valToPos(value, axis, true));
  const isInside =
    axis === 'x'
      ? place >= bbox.left && place <= bbox.left + bbox.width
      : place >= bbox.top && place <= bbox.top + bbox.height;
  if (!isInside) return;
  ctx.save();
  ctx.strokeStyle = ink;
  ctx.fillStyle = ink;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  if (axis === 'x') {
    ctx.moveTo(place, bbox.top);
    ctx.lineTo(place, bbox.top + bbox.height);
  } else {
    ctx.moveTo(bbox.left, place);
    ctx.lineTo(bbox.left + bbox.width, place);
  }
  ctx.stroke();
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  const gap = 4 * devicePixelRatio;
  if (axis === 'x') {
    const isRight = place > bbox.left + bbox.width / 2;
    ctx.textAlign = isRight ? 'right' : 'left';
    ctx.textBaseline = 'top';
    ctx.fillText(name, place + (isRight ? -gap : gap), bbox.top + gap);
  } else {
    ctx.textAlign = 'right';
    ctx.textBaseline = 'bottom';
    ctx.fillText(name, bbox.left + bbox.width - gap, place - gap / 2);
  }
  ctx.restore();
}
