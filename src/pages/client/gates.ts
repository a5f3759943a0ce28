/** Gate saturation: for each gate a square in which every unit is a dot. */
import type { VisualizeData } from '../data.js';
import { el } from './dom.js';

type Gate = VisualizeData['saturation'][number];

const size = 180;
const svgNamespace = 'http://www.w3.org/2000/svg';

function svg(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  return element;
}

/** The horizontal axis is the right-saturated fraction, the vertical axis the left-saturated fraction. */
export function gatePlot({ layer, gate, left, right }: Gate): HTMLElement {
  const name = `${gate} gate, layer ${layer}`;
  const plot = svg('svg', {
    viewBox: `-4 -4 ${size + 8} ${size + 8}`,
    width: size,
    height: size,
    role: 'img',
    'aria-label': `${name}: each dot is a unit`,
  });
  plot.append(
    svg('path', { d: `M0 0V${size}H${size}`, class: 'axis' }),
    // a gate cannot be both at once, so all dots are below this line
    svg('path', { d: `M0 0L${size} ${size}`, class: 'axis faint' }),
    ...left.map((shut, unit) =>
      svg('circle', { cx: right[unit] * size, cy: (1 - shut) * size, r: 2.5 }),
    ),
  );
  const mean = (values: readonly number[]) =>
    `${((100 * values.reduce((sum, x) => sum + x, 0)) / values.length).toFixed(0)} %`;
  return el(
    'figure',
    {},
    plot,
    el(
      'figcaption',
      {},
      name,
      el('br'),
      el('span', { class: 'faint' }, `shut ${mean(left)}, open ${mean(right)}`),
    ),
  );
}
