import type { Baseline } from '../../evaluate/baseline.js';
import type { BaselineEvent } from '../../train/events.js';

/** A line about the losses of models without a network, in bits per character */
export function baselineLine({ n, ngram, gzip, xz }: Baseline): string {
  const parts = [`${n}-gram ${ngram.toFixed(3)}`, `gzip ${gzip.toFixed(3)}`];
  if (xz !== undefined) parts.push(`xz ${xz.toFixed(3)}`);
  return `${parts.join(', ')} bits/char`;
}

export function baselineEvent({ n, ngram, gzip, xz }: Baseline): BaselineEvent {
  return {
    type: 'baseline',
    ngramOrder: n,
    ngramBitsPerCharacter: ngram,
    gzipBitsPerCharacter: gzip,
    xzBitsPerCharacter: xz,
  };
}
