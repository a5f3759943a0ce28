/** The page of `charnn lecture`. */
import { powerOfTen } from '../../messages/power-of-ten.js';
import type { LectureClaim, LectureData } from '../data.js';
import { byId, el, pageData, table } from './dom.js';
import { chart } from './line-chart.js';

const { claims, provenance } = pageData<LectureData>();

function section({ id, title, text, holds, chart: figure, table: cells }: LectureClaim, i: number) {
  const parts: HTMLElement[] = [el('h2', { id }, `${i + 1}. ${title}`), el('p', {}, text)];
  if (!holds) {
    parts.push(el('p', { role: 'note' }, 'With this seed and size, the figures do not show this.'));
  }
  if (figure !== undefined) {
    const { x, xLabel, xNames, lines, logarithmic = false } = figure;
    parts.push(
      chart({
        label: title,
        x,
        xLabel,
        logarithmic,
        lines,
        ...(xNames && { formatX: (place) => xNames[place] ?? '' }),
        format: logarithmic ? (y) => powerOfTen(y, 1) : (y) => y.toFixed(2),
      }),
    );
  }
  if (cells !== undefined) parts.push(table(cells.head, cells.rows));
  return el('section', { 'aria-labelledby': id }, ...parts);
}

byId('page').append(
  el('h1', {}, 'How recurrent networks learn'),
  el('p', { class: 'faint' }, `Every figure was computed for this page: ${provenance}.`),
  ...claims.map(section),
);
