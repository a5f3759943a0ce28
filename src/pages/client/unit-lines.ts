/** The gates and states of a unit along the text, as lines. */
import { el } from './dom.js';
import { chart } from './line-chart.js';

/** Number of characters that are shown at once */
const shown = 80;

export interface UnitSteps {
  readonly name: string;
  readonly quantities: readonly string[];
  /** The recorded values of each quantity at each character, one quantity after the other, in thousandths */
  readonly thousandths: Int16Array;
}

/**
 * Draws the gates and states of a unit as lines, for the part of the text around a character.
 * @param at the character, which is marked
 * @param nameOf gives the name of the character at a position
 */
export function unitLines(
  { name, quantities, thousandths }: UnitSteps,
  at: number,
  nameOf: (at: number) => string,
): HTMLElement {
  const T = thousandths.length / quantities.length;
  if (at >= T) {
    const known = `Gates and states are recorded for the first ${T.toLocaleString('en')} characters.`;
    return el('p', { class: 'faint' }, known);
  }
  const from = Math.max(0, Math.min(T - shown, at - shown / 2));
  const x = Array.from({ length: Math.min(shown, T) }, (_, i) => from + i);
  return chart({
    label: `gates and states of ${name}`,
    x,
    xLabel: 'character',
    lines: quantities.map((quantity, q) => ({
      name: quantity,
      y: x.map((place) => thousandths[q * T + place] / 1000),
    })),
    guides: [{ axis: 'x', at, name: nameOf(at) }],
    format: (y) => y.toFixed(2),
    formatX: (place) => (Number.isInteger(place) ? nameOf(place) : ''),
  });
}
