/** A field for a text of several lines, which grows with it. */
import { el } from './dom.js';

export function growing(name: string, placeholder: string) {
  const area = el('textarea', { rows: 2, placeholder, dir: 'auto', lang: '', spellcheck: false });
  const fit = () => {
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  area.addEventListener('input', fit);
  addEventListener('resize', fit);
  const element = el('label', { class: 'typing' }, el('span', {}, name), area);
  const set = (text: string) => {
    area.value = text;
    fit();
  };
  return { element, area, set };
}
