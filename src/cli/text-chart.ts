/** Charts made of characters: a line chart on a grid, a sparkline, a histogram. */
import chalk from 'chalk';
import { textWidth } from './text-width.js';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  /** Width of the chart in characters */
  readonly width: number;
  /** Height of the plot in lines, without the axis */
  readonly height: number;
  /** Whether the y axis is logarithmic; values that are not above 0 are then left out */
  readonly logarithmic: boolean;
  readonly xLabel: string;
  formatY(y: number): string;
}

const marks = ['●', '×', '▲', '◆', '+', '■', '○', '△', '◇', '□'];
const colours = [chalk.cyan, chalk.yellow, chalk.magenta, chalk.green, chalk.red, chalk.blue];

/** The colour and the marker of each series, so that the chart can be read without colours too */
function styleOf(index: number) {
  const mark = marks[index % marks.length];
  return colours[index % colours.length](mark);
}

/**
 * Draws series on one grid, with both axes and a legend.
 * @returns lines without line ends; none when there is nothing to draw
 */
export function lineChart(series: readonly Series[], options: ChartOptions): string[] {
  const { logarithmic, height, xLabel, formatY } = options;
  const scaled = series.map(({ points }) =>
    points
      .map(([x, y]) => [x, logarithmic ? Math.log10(y) : y] as const)
      .filter((point) => point.every(isDrawable)),
  );
  const all = scaled.flat();
  if (all.length === 0) return [];
  const [left, right] = extent(all.map(([x]) => x));
  let [bottom, top] = extent(all.map(([, y]) => y));
  if (logarithmic) [bottom, top] = [Math.floor(bottom), Math.ceil(top)];
  // equal values get a range of the y axis that grows with their size: beside large ones, 1 could be lost to rounding
  if (bottom === top) top = bottom + Math.max(1, Math.abs(bottom));

  const label = (y: number) => formatY(logarithmic ? 10 ** y : y);
  const yAt = (row: number) => top - ((top - bottom) * row) / (height - 1);
  const labels = Array.from({ length: height }, (_, row) => label(yAt(row)));
  const gutter = Math.max(...labels.map((text) => text.length));
  const width = Math.max(10, options.width - gutter - 2);
  const grid = Array.from({ length: height }, () => new Array<string>(width).fill(' '));
  // the first series is drawn last, on top of the others
  for (let s = series.length - 1; s >= 0; s--) {
    for (let column = 0; column < width; column++) {
      const y = valueAt(scaled[s], column, width, left, right);
      if (y === undefined) continue;
      const share = Math.max(0, Math.min(1, (top - y) / (top - bottom)));
      const row = Math.round(share * (height - 1));
      grid[row][column] = styleOf(s);
    }
  }
  const lines = grid.map((cells, row) => {
    const shown = row % 3 === 0 || row === height - 1 ? labels[row] : '';
    return `${shown.padStart(gutter)} ${chalk.dim(shown ? '┤' : '│')}${cells.join('')}`.trimEnd();
  });
  const first = `${left}`;
  const last = `${right} ${xLabel}`;
  const between = ' '.repeat(Math.max(1, width - first.length - last.length));
  lines.push(`${' '.repeat(gutter + 1)}${chalk.dim(`└${'─'.repeat(width)}`)}`);
  lines.push(`${' '.repeat(gutter + 2)}${first}${between}${last}`);
  const names = series.map(({ name }, s) => `${styleOf(s)} ${name}`);
  return series.length > 1 ? [...lines, ...legend(names, options.width)] : lines;
}

/** Whether a value is small enough that sums and differences of values stay finite */
function isDrawable(x: number): boolean {
  return Math.abs(x) < 1e300;
}

/**
 * Mean of the points that fall into a column; if there are none, a value interpolated between the neighbouring points.
 */
function valueAt(
  points: readonly (readonly [number, number])[],
  column: number,
  width: number,
  left: number,
  right: number,
): number | undefined {
  const columnOf = (x: number) => (right > left ? ((x - left) / (right - left)) * (width - 1) : 0);
  const inside = points.filter(([x]) => Math.round(columnOf(x)) === column);
  if (inside.length > 0) return inside.reduce((sum, [, y]) => sum + y, 0) / inside.length;
  const next = points.findIndex(([x]) => columnOf(x) > column);
  if (next <= 0) return undefined;
  const [[x0, y0], [x1, y1]] = [points[next - 1], points[next]];
  return y0 + ((column - columnOf(x0)) / (columnOf(x1) - columnOf(x0))) * (y1 - y0);
}

function extent(values: readonly number[]): [number, number] {
  return values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [
    Infinity,
    -Infinity,
  ] as [number, number]);
}

/** Breaks the legend into lines with as many names as fit. */
function legend(names: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + textWidth(name) + 3 <= width) {
      lines[lines.length - 1] = `${last}   ${name}`;
    } else lines.push(`  ${name}`);
  }
  return lines;
}

const blocks = [...'▁▂▃▄▅▆▇█'];

/**
 * Draws a block for each value, higher for larger values; a long series is averaged to fit.
 * @param width max number of blocks
 */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter((x) => Number.isFinite(x));
  const count = Math.min(width, finite.length);
  const bins = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((k) => Math.floor((k * finite.length) / count));
    return finite.slice(from, to).reduce((sum, x) => sum + x, 0) / (to - from);
  });
  const [low, high] = extent(bins);
  return bins
    .map((x) => blocks[high > low ? Math.round(((x - low) / (high - low)) * 7) : 0])
    .join('');
}

/**
 * Draws the distribution of values between -limit and limit: a block for each bin, a blank for an empty one. The
 * height grows with the square root of the count, so that tails are visible.
 */
export function histogram(values: ArrayLike<number>, bins: number, limit: number): string {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const at = limit > 0 ? Math.floor(((values[i] / limit + 1) / 2) * bins) : bins >> 1;
    counts[Math.max(0, Math.min(bins - 1, at))]++;
  }
  const max = Math.max(...counts);
  return counts.map((n) => (n === 0 ? ' ' : blocks[Math.round(Math.sqrt(n / max) * 7)])).join('');
}

/** The width of a line of standard output, within limits */
export function terminalWidth(): number {
  return Math.max(40, Math.min(100, process.stdout.columns ?? 80));
}
