/** The option that leaves a model's counts out of what is made of it. */
import { flag } from '../../options/table.js';

export const countsRow = flag(
  "leave out the model's n-gram counts, in which passages of its training text can be read",
  { flag: 'no-counts', default: true },
);
