/** Decides from the norms of a gradient by lag whether it vanishes or explodes on its way back. */

export interface Regime {
  readonly kind: 'vanishes' | 'explodes' | 'keeps';
  /** The mean factor by which a step back changes the gradient's norm, over the first steps from the prediction */
  readonly factor: number;
  /** The lag at which an exploding gradient stops growing, if that is within the measured lags */
  readonly peak: number | undefined;
}

/** The factor by which a step back changes the norm is measured from lag 1 to this lag */
const beginning = 16;

/** If a step back changes the norm by a factor closer to 1 than this, the gradient neither vanishes nor explodes */
const tolerance = 0.02;

/** @param norms the gradient's norms at lags 1, 2, …, of which there are at least two */
export function regimeOf(norms: readonly number[]): Regime {
  const last = Math.min(beginning, norms.length) - 1;
  const factor = norms[0] > 0 && last > 0 ? (norms[last] / norms[0]) ** (1 / last) : 0;
  let peak = 0;
  norms.forEach((norm, i) => {
    if (norm > norms[peak]) peak = i;
  });
  if (factor > 1 + tolerance) {
    // a gradient that still grows at the last measured lag has its highest norm there
    const isOver = peak < norms.length - 1 && norms[norms.length - 1] < 0.9 * norms[peak];
    return { kind: 'explodes', factor, peak: isOver ? peak + 1 : undefined };
  }
  return { kind: factor < 1 - tolerance ? 'vanishes' : 'keeps', factor, peak: undefined };
}

/** Whether the gradient vanishes, explodes or does neither, as the end of a sentence whose subject is the gradient */
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
