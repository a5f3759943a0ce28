/** How much predictions depend on the characters before them, as far as this has been measured. */
import type { VisualizeData } from '../data.js';

export class CharacterDependence {
  constructor(
    private readonly known: VisualizeData['dependence'],
    /**
     * [count, K]: for each prediction, 255 · √(norm / greatest norm) of its gradients w.r.t. the K characters before
     * it, the nearest first
     */
    private readonly roots: Uint8Array | undefined,
  ) {}

  /** How much the prediction of one character depends on another, from 0 to 127; 0 if it is not known */
  level(predicted: number, at: number): number {
    if (this.known === undefined || this.roots === undefined) return 0;
    const { first, count, K } = this.known;
    const [row, back] = [predicted - first, predicted - at];
    if (row < 0 || row >= count || back < 1 || back > K) return 0;
    return this.roots[row * K + back - 1] >> 1;
  }

  /** A phrase that says for which characters it is known how much their predictions depend on earlier characters */
  get range(): string {
    if (this.known === undefined) return 'not known: the text is too short';
    const { first, count, K } = this.known;
    return `known for characters ${first + 1} to ${first + count}, and for the ${K} characters before each`;
  }
}
