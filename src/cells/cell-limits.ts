/**
 * Limits of equations. Every cell within them is compiled in milliseconds, so that a model file from a stranger can do
 * no harm.
 */
export const cellLimits = {
  /** Max number of characters in the text of a cell, including comments */
  characters: 16_384,
  /** Max number of words, numbers and signs in the text of a cell */
  tokens: 2_000,
  /** Max number of characters of a name, including the suffix that a list of names adds to it */
  name: 40,
  /** Max depth of nested brackets */
  depth: 60,
  equations: 200,
  /** Max number of learned matrices, and of learned vectors */
  matrices: 64,
  vectors: 64,
  states: 8,
  /**
   * Max number of vectors in memory that the operations between two matrix products use; equal to MAX_PLACES in
   * program.c
   */
  places: 512,
  /** Max number of operations, for the equations and for their derivatives separately */
  operations: 4_000,
} as const;
