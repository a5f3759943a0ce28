/** Working memory for sampling a batch of records. */
import type { Place, Predictor } from '../predict/predictor.js';

export interface BatchMemory {
  readonly predictor: Predictor;
  /** Room for the network's states and the latest characters of `rows` texts, one text for each record */
  readonly place: Place;
  /** Max number of records that are sampled in parallel */
  readonly rows: number;
}
