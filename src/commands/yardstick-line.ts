import type { Yardstick } from '../evaluate/yardstick.js';

/** What models without a network make of a text, in bits per character */
export function yardstickLine({ n, ngram, gzip, xz }: Yardstick): string {
  const parts = [`${n}-gram ${ngram.toFixed(3)}`, `gzip ${gzip.toFixed(3)}`];
  if (xz !== undefined) parts.push(`xz ${xz.toFixed(3)}`);
  return `${parts.join(', ')} bits/char`;
}
