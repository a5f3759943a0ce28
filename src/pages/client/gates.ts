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

/**
 * The horizontal axis is the fraction of the text at which a gate is open (right-saturated), the vertical axis the
 * fraction at which it is shut (left-saturated).
 */
export function gatePlot(
  { layer, gate, left, right }: Gate,
  choose: (layer: number, unit: number) => void,
): HTMLElement {
  const name = `${gate} gate, layer ${layer}`;
  const plot = svg('svg', {
    viewBox: `-4 -4 ${size + 8} ${size + 8}`,
    width: size,
    height: size,
    role: 'img',
    'aria-label': `${name}: each dot is a unit`,
  });
  const placeOf = (unit: number) => ({ cx: right[unit] * size, cy: (1 - left[unit]) * size });
  const areNear = (one: number, other: number) => {
    const [a, b] = [placeOf(one), placeOf(other)];
    return Math.hypot(a.cx - b.cx, a.cy - b.cy) < 3;
  };
  let shown = -1;
  plot.append(
    svg('path', { d: `M0 0V${size}H${size}`, class: 'axis' }),
    // a gate cannot be open and shut at the same time, so all dots are below this line
    svg('path', { d: `M0 0L${size} ${size}`, class: 'axis faint' }),
    ...left.map((shut, unit) => {
      const dot = svg('circle', { ...placeOf(unit), r: 3 });
      const title = svg('title', {});
      title.textContent = `unit ${unit}: shut ${percent(shut)}, open ${percent(right[unit])}`;
      dot.append(title);
      dot.addEventListener('click', () => {
        // if dots lie on each other, each click chooses the next one of them
        const near = left.map((_, other) => other).filter((other) => areNear(other, unit));
        const next = near.includes(shown) ? near[(near.indexOf(shown) + 1) % near.length] : unit;
        shown = next;
        choose(layer, next);
      });
      return dot;
    }),
  );
  const mean = (values: readonly number[]) =>
    percent(values.reduce((sum, x) => sum + x, 0) / values.length);
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

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
