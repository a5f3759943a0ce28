/** The option that leaves a model's n-gram counts out of an exported file or a page. */
import { flag } from '../../options/table.js';

export const countsRow = flag(
  "leave out the model's n-gram counts, which reveal passages of its training text",
  { flag: 'no-counts', default: true },
);
