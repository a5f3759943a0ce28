/** Working memory for sampling a batch of records. */
import type { Place, Predictor } from '../predict/predictor.js';

export interface BatchMemory {
  readonly predictor: Predictor;
  /** A place (see `Place`) for `rows` texts */
  readonly place: Place;
  /** Max number of records that are sampled in parallel */
  readonly rows: number;
}
