/** Decides from the norms of a gradient by lag whether it vanishes or explodes on its way back. */

export interface Regime {
  readonly kind: 'vanishes' | 'explodes' | 'keeps';
  /** The mean factor by which a step back changes the norm, over the first steps back from the prediction */
  readonly factor: number;
  /** The lag at which an exploding gradient stops growing, if that is within the measured lags */
  readonly peak: number | undefined;
}

/** Number of steps before the prediction over which the factor is measured */
const beginning = 16;

/** A factor closer to 1 than this is neither vanishing nor exploding */
const tolerance = 0.02;

/** @param norms at lags 1, 2, …, at least two */
export function regimeOf(norms: readonly number[]): Regime {
  const last = Math.min(beginning, norms.length) - 1;
  const factor = norms[0] > 0 && last > 0 ? (norms[last] / norms[0]) ** (1 / last) : 0;
  let peak = 0;
  norms.forEach((norm, i) => {
    if (norm > norms[peak]) peak = i;
  });
  if (factor > 1 + tolerance) {
    // a gradient that still grows has its highest norm at the end
    const isOver = peak < norms.length - 1 && norms[norms.length - 1] < 0.9 * norms[peak];
    return { kind: 'explodes', factor, peak: isOver ? peak + 1 : undefined };
  }
  return { kind: factor < 1 - tolerance ? 'vanishes' : 'keeps', factor, peak: undefined };
}

/** The regime as the end of a sentence whose subject is the gradient */
export function regimeInWords({ kind, factor, peak }: Regime): string {
  const by = `each step back multiplies it by ${Number(factor.toPrecision(3))}`;
  switch (kind) {
    case 'vanishes':
      return `vanishes: ${by}`;
    case 'keeps':
      return `keeps its size: ${by}`;
    case 'explodes':
      return peak === undefined
        ? `explodes: ${by}`
        : `explodes: ${by}; after ${peak} steps it shrinks again, because the activations are saturated`;
  }
}
