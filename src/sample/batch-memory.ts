/** Working memory for sampling a batch of records. */
import type { Place, Predictor } from '../predict/predictor.js';

export interface BatchMemory {
  readonly predictor: Predictor;
  /** A place of `rows` rows */
  readonly place: Place;
  /** Max number of records that are drawn side by side */
  readonly rows: number;
}
