/** Vectors of a source as boxes, in which each element is a patch that is darker the larger the element is. */
import { el } from './dom.js';

/**
 * Number of vectors in each row of the grid in which they are shown
 * @param given the number, if the page says it
 * @returns undefined if they are shown as the columns of an image
 */
export function gridWidth(vectors: number, given: number | undefined): number | undefined {
  if (given !== undefined) return given;
  const root = Math.sqrt(vectors);
  return vectors > 1 && Number.isInteger(root) ? root : undefined;
}

/**
 * @param values [vectors, F] from 0 to 255
 * @param names of the vectors
 */
export function vectorBoxes(
  values: Uint8Array,
  vectors: number,
  names: readonly string[],
): HTMLElement[] {
  const size = values.length / vectors;
  return Array.from({ length: vectors }, (_, i) => {
    const canvas = el('canvas', { width: 1, height: size });
    const context = canvas.getContext('2d');
    if (context) {
      context.fillStyle = getComputedStyle(document.body).color;
      for (let f = 0; f < size; f++) {
        context.globalAlpha = values[i * size + f] / 255;
        context.fillRect(0, f, 1, 1);
      }
    }
    return el('span', { title: names[i], role: 'img', ariaLabel: names[i] }, canvas);
  });
}
